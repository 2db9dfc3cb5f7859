"""The use cases of products (数据产品), one file per stage of the business.

describing (著录、修订、撤回、内容) · publishing (公开) · settling (一数一源) · importing (外部目录);
remembering is what all of them write down besides: history, sources, items, the log.
"""
