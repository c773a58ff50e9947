"""Turn what was observed into findings: what is wrong, who has to act, what to do next. Pure but for `inspection`."""
