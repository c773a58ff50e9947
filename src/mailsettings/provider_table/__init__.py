"""The provider table: one data set, compiled once, with one reader of the compiled form.

    data/providers.yaml  ──▶  document  ──▶  compiler  ──▶  _data/providers.table  ──▶  index  ──▶  rows  ──▶  table
                              checked        index and JSON lines                       found       values     look-ups

- document: the form of the YAML, bundled or the user's own, checked field by field (entries: that of one provider);
  yaml_lines gives it line numbers
- compiler: checked values as one file of an index and JSON lines, at build time (hatch_build.py) or in memory
- index: the only reader of that form: searches the index, parses one JSON line per look-up
- rows: a parsed line as values of the model
- table: the look-ups, in the bundled table and in the user's own. Everything but cli/fast_offline.py, which takes the
  JSON rows of index as they are, asks here
- files: where these files are

A look-up imports neither PyYAML nor pydantic, unless the user has a table of their own, or a checkout's YAML is newer
than the compiled file.
"""
