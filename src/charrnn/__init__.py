"""A character-level recurrent network that learns a book, exactly reproducible.

Import from the modules (``from charrnn.text.vocabulary import Vocabulary``): there are no
re-exports here, because they would tie every stage of the pipeline to every module.
"""
