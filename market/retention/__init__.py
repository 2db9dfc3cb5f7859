"""Keep what was registered for twenty years and more, and look that it is still there (留存、复核).

Every file and every certificate is checked again in bounded batches, from where the last batch ended.
Nothing is destroyed: what is past its retention is listed, and that is all that is done with it.
"""
