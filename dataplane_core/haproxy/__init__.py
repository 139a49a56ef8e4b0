"""Work with HAProxy itself: check, reload, send runtime commands, list keywords, watch edits."""
