"""What a search knows and decides: candidates, ranking, trust, scheduling, result. Pure."""
