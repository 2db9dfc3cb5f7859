"""Draw people and cases by public chance, so that an outsider draws them again (公开抽取).

What is drawn from is committed to in the log; the first signed checkpoint after it gives the seed. Spot
checks (双随机, HN-21) and the panels of a public comparison (公开比选, HN-23) are drawn alike.
"""
