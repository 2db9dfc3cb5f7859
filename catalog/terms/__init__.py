"""Say what becomes of a registration whose term ends (期限届满): renewed, lapsed, cancelled, revoked.

Only where a rulebook gives registrations a term (国数综政策〔2026〕35号 第二十六、三十六条; 发改数据规〔2025〕26号
第九、十五、二十条). Hainan's certificates have none: there the product's validity ends (A23).
"""
