"""Say what is public of a product in the vocabularies that the world's catalogues read (目录交换格式).

One model of facts, and one pure function per vocabulary: facts in, document out. ``reading_dcat``
is the way back: what our DCAT, or anybody's, says of data sets, as records that can be imported.
What the facts are is gathered by the market, which knows prices; nothing here asks a database.
"""
