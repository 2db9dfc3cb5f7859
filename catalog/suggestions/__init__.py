"""Help whom a search finds little (零结果帮助): other questions to ask, each with what it would find.

Wrong characters, a word too many, other words for the same, longer words for a single character. The
question itself is answered as it was asked; what is suggested is counted by the same search, so that
nothing is suggested that its asker would not find.
"""
