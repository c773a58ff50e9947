"""What a search knows and decides: state, candidates, ranking, trust, scheduling, result. Pure."""
