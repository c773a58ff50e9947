"""The command: text for people, JSON for programs, exit codes for scripts. Imports nothing by itself."""
