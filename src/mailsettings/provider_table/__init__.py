"""The provider table: data/providers.yaml, its form, its compiled file and the look-ups in it."""
