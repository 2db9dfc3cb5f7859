"""Collections of products for a theme or an audience (专题集合, F36, GX-4), curated by people.

The operator curates any public product, a supplier its own. Order and notes are the curator's words;
what is counted on the cover comes from the catalogue. A product that is not public any more stays on
the list as gone, with why it was withdrawn if it was: nothing vanishes silently.
"""
