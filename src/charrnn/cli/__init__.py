"""The command line: `arguments` says what can be asked, a module a command answers."""
