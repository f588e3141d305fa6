"""Looks at the model while it codes: what each byte costs, and what each part does about it.

    observe.py   reads the kernel's arrays after each step and adds up
    study.py     codes a file step by step under observation: the `Study`
    variants.py  the model without one of its parts, for ablation
    page.py      the study as one HTML page (charts.py, text.py, letters.py), or as JSON
    command.py   `cmixpy analyze`
"""
