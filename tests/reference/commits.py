"""FORMAT.md, "Lanes, steps, half-steps": what lanes write in turn, one place each."""


def commit_chains(model, active, packed, t: int, written: dict) -> None:
    for number, chains in enumerate(model.chains):
        seed = model.description.experts[number].seed
        for lane in reversed(active):
            if t >= seed:
                key = packed[lane.index] & (4**seed - 1)
                chains.add(key, lane.start + t)
                written.setdefault(("heads", number), []).append(key)
                written.setdefault(("before", number), []).append(lane.start + t)


def commit_matches(model, active, indices, t: int, written: dict) -> None:
    for m, table in model.match_tables.items():
        taken = set()
        for lane, noted in zip(active, indices, strict=True):
            if noted[m] not in taken:
                table[noted[m]] = lane.start + t + 1
                taken.add(noted[m])
            else:
                model.events["match table entry of a lower lane kept"] += 1
        written.setdefault(("match_tables", m), []).extend(taken)


def commit_followers(model, active, written: dict) -> None:
    for i, table in enumerate(model.followers):
        taken = set()
        for lane in active:
            place, value = lane.followed[i]
            if place not in taken:
                table[place] = value
                taken.add(place)
            else:
                model.events["followers of a lower lane kept"] += 1
        written.setdefault(("followers", i), []).extend(taken)
