"""The contestants, one a module, all with a function `prepare`.

    prepare(weights, ids, recipe) -> learn
    learn(updates) -> Block

`learn` goes on from where it stood, and from the text's beginning, with a zero state,
when the text ends.  The modules of a package that is not installed cannot be imported.
"""
