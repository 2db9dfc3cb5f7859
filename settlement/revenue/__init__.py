"""Share what an order brought among those who put something in (收益分配).

「谁投入、谁贡献、谁受益」 (ZJ-2): the shares are agreed before the sale, frozen with the order, sum
to 10,000 ten-thousandths, and are paid out to the fen.
"""
