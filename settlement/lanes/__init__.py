"""Post many entries in few transactions, and answer each when it is committed (记账通道).

A lane is one writer: whoever has entries hands them in and waits. The lane takes all that wait, posts
them in one transaction, and then tells each what became of its own. Who writes a lane is fenced by its
epoch (任期), so that a writer who was taken for dead writes nothing more.
"""
