"""A paper on tides, retold, and a stranger: what tests of identity tell apart."""

TITLE = "Tide Tables from Small Encoders"
TIDES = (
    "We forecast tides with a small encoder that was fitted on hourly levels of forty harbours, and"
    " find that it needs a tenth of the memory of harmonic tables."
)
RETOLD = (
    "Tide tables need memory. With a small encoder, fitted on hourly levels of forty harbours, we"
    " forecast tides and save nine tenths of what harmonic tables take."
)
GULLS = (
    "Gulls follow ferries across the strait in spring; ringed birds were counted at both ends by"
    " volunteers, who noted weather, hour and the number of passengers on deck."
)
