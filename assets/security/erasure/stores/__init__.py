"""One module a kind of store: how a person is found there, what is given out, how it is erased."""
