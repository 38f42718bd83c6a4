"""The stages of the pipeline: thin scripts that load, call the library and save.

The files that a stage reads and writes stand at the top of its script and, the same, in
dvc.yaml; a test holds the two together.
"""
