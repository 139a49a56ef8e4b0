"""The resource families that come with the server, each a plugin like a third party's."""
