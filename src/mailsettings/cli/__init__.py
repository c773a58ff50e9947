"""The command line: text for people, JSON for programs, exit codes for scripts. The package imports nothing itself."""
