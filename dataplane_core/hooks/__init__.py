"""The mechanism of hooks: plugins are loaded, listed, and kept from breaking what is not theirs."""
