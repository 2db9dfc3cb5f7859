"""Write a case file for people: one page of HTML in Chinese, to be read and printed on A4 (打印卷宗).

Each chapter has its file; what they are made of is in ``markup``.
"""
