// The actors of the prune model: the steps of docs/internals/prune.md, one storage call each.
#include "simulation/prune_model_state.hpp"

namespace holdfast::simulation {

void ModelSteps::writer_steps(const ModelState& state, unsigned number, const Emit& emit) {
  switch (state.writers[number].at) {
    case WriterAt::idle:
      if (!rule(Rule::register_before_look)) {
        ModelState next = state;
        next.writers[number].at = WriterAt::look_condemned;
        emit(next, {Actor::writer, number, "starts"});
        return;
      }
      each_skew([&](std::uint8_t skew) {
        ModelState next = state;
        next.writers[number] = {.at = WriterAt::look_condemned, .renewed_skew = skew};
        emit(next, {Actor::writer, number, "registers", 0, skew});
      });
      return;
    case WriterAt::register_late:
      each_skew([&](std::uint8_t skew) {
        ModelState next = state;
        next.writers[number].at = WriterAt::work;
        next.writers[number].renewed = 0;
        next.writers[number].renewed_skew = skew;
        emit(next, {Actor::writer, number, "registers only now", 0, skew});
      });
      return;
    case WriterAt::look_condemned:
    case WriterAt::look_index:
    case WriterAt::look_packs: look_steps(state, number, emit); return;
    case WriterAt::work:
    case WriterAt::stored: work_steps(state, number, emit); return;
    case WriterAt::ready: renew_steps(state, number, WriterAt::commit, emit); return;
    case WriterAt::check: check_steps(state, number, emit); return;
    case WriterAt::commit: commit_steps(state, number, emit); return;
  }
}

void ModelSteps::look_steps(const ModelState& state, unsigned number, const Emit& emit) const {
  const ModelWriter& writer = state.writers[number];
  if (writer.at == WriterAt::look_condemned) {
    each_view(list_condemned(state), [&](Mask view) {
      ModelState next = state;
      next.writers[number].avoided = view;
      next.writers[number].at = WriterAt::look_index;
      emit(next, {Actor::writer, number, "lists condemned/: *", view});
    });
  } else if (writer.at == WriterAt::look_index) {
    each_view(list_segments(state), [&](Mask view) {
      ModelState next = state;
      next.writers[number].known = named_by(state, view);
      next.writers[number].at = WriterAt::look_packs;
      emit(next, {Actor::writer, number, "lists index/: it names *", next.writers[number].known});
    });
  } else {
    const auto done = rule(Rule::register_before_look) ? WriterAt::work : WriterAt::register_late;
    each_view(list_packs(state), [&](Mask view) {
      ModelState next = state;
      ModelWriter& after = next.writers[number];
      if (feature(Feature::adopt)) after.orphans = minus(minus(view, after.known), after.avoided);
      if (rule(Rule::writer_lists_packs)) after.known &= view;
      if (rule(Rule::writer_avoids)) after.known = minus(after.known, after.avoided);
      after.at = done;
      emit(next, {Actor::writer, number, "lists packs: *", view});
    });
  }
}

void ModelSteps::work_steps(const ModelState& state, unsigned number, const Emit& emit) {
  const ModelWriter& writer = state.writers[number];
  const auto leave = [&](ModelState& next, WriterAt at, Mask used) {
    next.writers[number] = {
        .at = at, .renewed = writer.renewed, .renewed_skew = writer.renewed_skew, .used = used};
    if (!rule(Rule::writer_avoids)) next.writers[number].avoided = writer.avoided;
  };
  if (feature(Feature::renew) && writer.renewed > 0) renew_steps(state, number, writer.at, emit);
  if (writer.at == WriterAt::stored) {
    const int slot = free_segment(state);
    if (slot >= 0) {
      ModelState next = state;
      put_segment(next, static_cast<unsigned>(slot), writer.used, 0);
      leave(next, WriterAt::ready, writer.used);
      emit(next, {Actor::writer, number, "puts a segment naming *", writer.used});
    }
    if (!rule(Rule::segment_before_snapshot)) {
      ModelState next = state;
      leave(next, WriterAt::ready, writer.used);
      emit(next, {Actor::writer, number, "leaves the segment for later"});
    }
    return;
  }
  for (unsigned i = 0; i < options_.packs; ++i) {
    if (has(writer.known, i)) {
      ModelState next = state;
      leave(next, WriterAt::ready, bit_of(i));
      emit(next, {Actor::writer, number, "uses the chunk in *", bit_of(i)});
    }
    if (has(writer.orphans, i)) {
      ModelState next = state;
      leave(next, WriterAt::stored, bit_of(i));
      emit(next, {Actor::writer, number, "adopts *", bit_of(i)});
    }
  }
  if (const int slot = free_pack(state); slot >= 0) {
    const auto i = static_cast<unsigned>(slot);
    ModelState next = state;
    next.packs[i] = {.presence = Presence::stored};
    leave(next, WriterAt::stored, bit_of(i));
    emit(next, {Actor::writer, number, "stores new pack *", bit_of(i)});
  }
}

void ModelSteps::renew_steps(const ModelState& state, unsigned number, WriterAt then,
                             const Emit& emit) {
  const ModelWriter& writer = state.writers[number];
  each_skew([&](std::uint8_t skew) {
    ModelState next = state;
    ModelWriter& after = next.writers[number];
    const int gap = int{writer.renewed} + skew - writer.renewed_skew;
    if (gap > static_cast<int>(options_.ttl) && rule(Rule::renewal_gap)) {
      ++events_.deaths;
      after = {};
      emit(next, {Actor::writer, number, "renews too late: its session is dead, the run fails"});
      return;
    }
    after.renewed = 0;
    after.renewed_skew = skew;
    after.at = rule(Rule::renewal_looks) ? WriterAt::check : then;
    after.then = rule(Rule::renewal_looks) ? then : WriterAt::idle;
    emit(next, {Actor::writer, number, "renews", 0, skew});
  });
}

void ModelSteps::check_steps(const ModelState& state, unsigned number, const Emit& emit) {
  each_view(list_condemned(state), [&](Mask view) {
    ModelState next = state;
    ModelWriter& after = next.writers[number];
    const Mask known_before = rule(Rule::writer_avoids) ? Mask{0} : after.avoided;
    if ((after.used & minus(view, known_before)) != 0) {
      ++events_.conflicts;
      after = {};
      emit(next, {Actor::writer, number, "lists condemned/: *: conflict, the run fails", view});
      return;
    }
    after.known = minus(after.known, view);
    after.orphans = minus(after.orphans, view);
    after.at = after.then;
    after.then = WriterAt::idle;
    emit(next, {Actor::writer, number, "lists condemned/: *", view});
  });
}

void ModelSteps::commit_steps(const ModelState& state, unsigned number, const Emit& emit) {
  const ModelWriter& writer = state.writers[number];
  if (feature(Feature::renew) && writer.renewed > 0)
    renew_steps(state, number, WriterAt::commit, emit);
  each_skew([&](std::uint8_t skew) {
    ModelState next = state;
    next.writers[number] = {};
    const int gap = int{writer.renewed} + skew - writer.renewed_skew;
    if (gap > static_cast<int>(options_.ttl) && rule(Rule::late_check)) {
      ++events_.lates;
      emit(next, {Actor::writer, number, "puts a late snapshot, and reports failure"});
      return;
    }
    ++events_.successes;
    next.snapshots |= bit_of(0);
    emit(next, {Actor::writer, number, "puts a snapshot using *, and reports success", writer.used,
                skew});
  });
}

void ModelSteps::pruner_steps(const ModelState& state, unsigned number, const Emit& emit) {
  switch (state.pruners[number].at) {
    case PrunerAt::idle: begin_steps(state, number, emit); return;
    case PrunerAt::list_sessions: session_steps(state, number, emit); return;
    case PrunerAt::copy: copy_steps(state, number, emit); return;
    case PrunerAt::recheck_snapshots:
    case PrunerAt::recheck_index:
    case PrunerAt::recheck_packs: recheck_steps(state, number, emit); return;
    case PrunerAt::supersede:
    case PrunerAt::remove: execute_steps(state, number, emit); return;
    case PrunerAt::gone:
    case PrunerAt::drop:
    case PrunerAt::tidy: drop_steps(state, number, emit); return;
  }
}

// Every writer has ended, or is dead, or has renewed (and so listed condemned/, or will before it
// does anything else) after what happened `age` ticks ago.
bool ModelSteps::all_have_renewed_since(const ModelState& state, unsigned age) const {
  if (!rule(Rule::sessions_awaited)) return true;
  for (unsigned i = 0; i < options_.writers; ++i) {
    const ModelWriter& writer = state.writers[i];
    if (writer.at == WriterAt::idle || writer.renewed > options_.ttl || writer.renewed < age)
      continue;
    return false;
  }
  return true;
}

// Condemnations were listed before (`condemned`, `named`: of those, marked as gone); now the
// sessions are.
void ModelSteps::session_steps(const ModelState& state, unsigned number, const Emit& emit) {
  const ModelPruner& pruner = state.pruners[number];
  Mask ripe = 0;
  Mask gone = 0;
  for (unsigned i = 0; i < options_.packs; ++i) {
    const ModelPack& pack = state.packs[i];
    if (has(pruner.condemned, i) && pack.condemned != 0 &&
        all_have_renewed_since(state, pack.condemned - 1u))
      ripe |= bit_of(i);
    if (has(pruner.named, i) && pack.gone != 0 && all_have_renewed_since(state, pack.gone - 1u))
      gone |= bit_of(i);
  }
  if (ripe != 0) {
    ModelState next = state;
    next.pruners[number] = {
        .at = PrunerAt::recheck_snapshots, .condemned = pruner.condemned, .todo = ripe};
    emit(next, {Actor::pruner, number, "lists sessions, ripe: *", ripe});
  }
  if (gone != 0) {
    ModelState next = state;
    next.pruners[number] = {.at = PrunerAt::drop, .todo = gone};
    emit(next, {Actor::pruner, number, "lists sessions, long gone: *", gone});
  }
}

void ModelSteps::begin_steps(const ModelState& state, unsigned number, const Emit& emit) {
  each_skew([&](std::uint8_t skew) {
    each_view(list_condemned(state), [&](Mask view) {
      Mask ripe = 0;
      for (unsigned i = 0; i < options_.packs; ++i) {
        const ModelPack& pack = state.packs[i];
        if (has(view, i) &&
            pack.condemned - 1 + skew - pack.condemned_skew > static_cast<int>(options_.grace))
          ripe |= bit_of(i);
      }
      if (ripe == 0 && !feature(Feature::clean)) return;
      ModelState next = state;
      next.pruners[number] = {.at = PrunerAt::recheck_snapshots, .condemned = view, .todo = ripe};
      emit(next, {Actor::pruner, number, "executes: lists condemned/, ripe: *", ripe});
    });
    Mask old = 0;
    for (unsigned i = 0; i < options_.packs; ++i) {
      const ModelPack& pack = state.packs[i];
      if (pack.gone != 0 &&
          pack.gone - 1 + skew - pack.gone_skew > static_cast<int>(options_.grace))
        old |= bit_of(i);
    }
    if (old == 0) return;
    ModelState next = state;
    next.pruners[number] = {.at = PrunerAt::drop, .todo = old};
    emit(next, {Actor::pruner, number, "finds condemnations of packs long gone: *", old});
  });
  if ((options_.features & early_ripeness) != 0) {
    const Mask condemned = list_condemned(state).certain;
    if (condemned != 0) {
      ModelState next = state;
      next.pruners[number] = {.at = PrunerAt::list_sessions, .condemned = condemned};
      for (unsigned i = 0; i < options_.packs; ++i) {
        if (state.packs[i].gone != 0) next.pruners[number].named |= bit_of(i);
      }
      emit(next, {Actor::pruner, number, "lists condemned/: *", condemned});
    }
  }
  if (feature(Feature::copy)) copy_steps(state, number, emit);
  if (!feature(Feature::clean)) return;
  each_view(list_segments(state), [&](Mask view) {
    Mask victims = 0;
    for (unsigned i = 0; i < options_.segments; ++i) {
      if (has(view, i) && (state.segments[i].age >= options_.stale || !rule(Rule::superseded_stay)))
        victims |= static_cast<Mask>(state.segments[i].supersedes & view);
    }
    if (victims == 0) return;
    ModelState next = state;
    next.pruners[number] = {.at = PrunerAt::tidy, .segments = victims};
    emit(next, {Actor::pruner, number, "lists index/, finds superseded segments"});
  });
}

// Compaction and rescue: the chunk goes into a new pack, then a segment names that.
void ModelSteps::copy_steps(const ModelState& state, unsigned number, const Emit& emit) {
  const ModelPruner& pruner = state.pruners[number];
  if (pruner.at == PrunerAt::idle) {
    Mask source = 0;
    for (unsigned i = 0; i < options_.packs; ++i) {
      if (state.packs[i].presence == Presence::stored) source |= bit_of(i);
    }
    const int slot = free_pack(state);
    if (source == 0 || slot < 0) return;
    const auto i = static_cast<unsigned>(slot);
    ModelState next = state;
    next.packs[i] = {.presence = Presence::stored};
    next.pruners[number] = {.at = PrunerAt::copy, .fresh = bit_of(i)};
    emit(next, {Actor::pruner, number, "copies the chunk into new pack *", bit_of(i)});
    return;
  }
  const int slot = free_segment(state);
  if (slot < 0) return;
  ++events_.copies;
  ModelState next = state;
  put_segment(next, static_cast<unsigned>(slot), pruner.fresh, 0);
  next.pruners[number] = {};
  emit(next, {Actor::pruner, number, "puts a segment naming *", pruner.fresh});
}

void ModelSteps::recheck_steps(const ModelState& state, unsigned number, const Emit& emit) {
  const ModelPruner& pruner = state.pruners[number];
  if (pruner.at == PrunerAt::recheck_snapshots) {
    each_view(list_snapshots(state), [&](Mask view) {
      ModelState next = state;
      next.pruners[number].needed = view;
      next.pruners[number].at = PrunerAt::recheck_index;
      emit(next,
           {Actor::pruner, number,
            view != 0 ? "rechecks: lists snapshots: some" : "rechecks: lists snapshots: none"});
    });
  } else if (pruner.at == PrunerAt::recheck_index) {
    each_view(list_segments(state), [&](Mask view) {
      ModelState next = state;
      ModelPruner& after = next.pruners[number];
      after.segments = view;
      for (unsigned i = 0; i < options_.segments; ++i) {
        if (has(view, i) && state.segments[i].age >= options_.stale)
          after.named |= state.segments[i].packs;
      }
      if (!rule(Rule::recheck_old_segments)) after.named = named_by(state, view);
      for (unsigned i = 0; i < options_.segments && feature(Feature::clean); ++i) {
        const bool old = state.segments[i].age >= options_.stale || !rule(Rule::clean_only_old);
        if (has(view, i) && old) after.old_named |= state.segments[i].packs;
      }
      after.at = PrunerAt::recheck_packs;
      emit(next, {Actor::pruner, number, "rechecks: lists index/: it names *", after.named});
    });
  } else {
    each_view(list_packs(state), [&](Mask view) { decide_recheck(state, number, view, emit); });
  }
}

void ModelSteps::decide_recheck(const ModelState& state, unsigned number, Mask listed,
                                const Emit& emit) {
  const ModelPruner& pruner = state.pruners[number];
  const Mask places = rule(Rule::recheck_lists_packs) ? pruner.named & listed : pruner.named;
  const Mask missing = minus(pruner.old_named, listed);
  bool pardoned = false;
  // A run may execute any part of what is ripe.
  for (Mask part = pruner.todo;; part = static_cast<Mask>((part - 1) & pruner.todo)) {
    const Mask no_place = rule(Rule::recheck_ignores_condemned) ? pruner.condemned : part;
    if (rule(Rule::recheck) && pruner.needed != 0 && minus(places, no_place) == 0) {
      pardoned |= part != 0;
    } else {
      begin_execution(state, number, part, missing, emit);
    }
    if (part == 0) break;
  }
  if (!pardoned) return;
  ++events_.pardons;
  ModelState next = state;
  next.pruners[number] = {};
  if (!rule(Rule::condemnation_irrevocable))
    next.pruners[number] = {.at = PrunerAt::drop, .todo = pruner.todo};
  emit(next,
       {Actor::pruner, number, "lists packs: the chunk is needed, and pardons *", pruner.todo});
}

void ModelSteps::begin_execution(const ModelState& state, unsigned number, Mask doomed,
                                 Mask missing, const Emit& emit) {
  const ModelPruner& pruner = state.pruners[number];
  const Mask strip = doomed | missing;
  if (strip == 0) return;
  if (missing != 0) ++events_.cleanings;
  Mask targets = 0;
  for (unsigned i = 0; i < options_.segments; ++i) {
    if (has(pruner.segments, i) && (state.segments[i].packs & strip) != 0) targets |= bit_of(i);
  }
  const bool remove_first = doomed != 0 && (targets == 0 || !rule(Rule::supersede_before_delete));
  ModelState next = state;
  ModelPruner& after = next.pruners[number];
  after = {.at = remove_first ? PrunerAt::remove : PrunerAt::supersede, .todo = doomed};
  if (targets != 0) {
    after.segments = pruner.segments;
    after.strip = strip;
  }
  emit(next, {Actor::pruner, number, "lists packs and decides to delete *", doomed});
}

void ModelSteps::execute_steps(const ModelState& state, unsigned number, const Emit& emit) {
  const ModelPruner& pruner = state.pruners[number];
  ModelState next = state;
  ModelPruner& after = next.pruners[number];
  if (pruner.at == PrunerAt::remove) {
    const auto first_stored = [&]() -> int {
      for (unsigned i = 0; i < options_.packs; ++i) {
        if (has(pruner.todo, i) && next.packs[i].presence == Presence::stored)
          return static_cast<int>(i);
      }
      return -1;
    };
    const int victim = first_stored();
    if (victim >= 0) {
      next.packs[static_cast<unsigned>(victim)].presence = Presence::deleted;
      next.packs[static_cast<unsigned>(victim)].age = 0;
      ++events_.deletions;
    }
    if (first_stored() < 0) after.at = pruner.segments != 0 ? PrunerAt::supersede : PrunerAt::gone;
    emit(next, {Actor::pruner, number, "deletes *",
                victim >= 0 ? bit_of(static_cast<unsigned>(victim)) : Mask{0}});
    return;
  }
  const int slot = free_segment(state);
  if (slot < 0) return;
  Mask superseded_in_view = 0;
  Mask targets = 0;
  for (unsigned i = 0; i < options_.segments; ++i) {
    if (!has(pruner.segments, i)) continue;
    superseded_in_view |= state.segments[i].supersedes;
    if ((state.segments[i].packs & pruner.strip) != 0) targets |= bit_of(i);
  }
  const Mask packs = minus(named_by(state, minus(targets, superseded_in_view)), pruner.strip);
  Mask supersedes = targets;
  for (unsigned i = 0; i < options_.segments && rule(Rule::supersede_transitive); ++i) {
    if (has(targets, i)) supersedes |= state.segments[i].supersedes;
  }
  put_segment(next, static_cast<unsigned>(slot), packs, supersedes);
  after.segments = 0;
  after.strip = 0;
  if (pruner.todo == 0) {
    after = {};
  } else {
    after.at = rule(Rule::supersede_before_delete) ? PrunerAt::remove : PrunerAt::gone;
  }
  emit(next, {Actor::pruner, number, "puts a superseding segment naming *", packs});
}

void ModelSteps::drop_steps(const ModelState& state, unsigned number, const Emit& emit) {
  const ModelPruner pruner = state.pruners[number];
  if (pruner.at == PrunerAt::gone && rule(Rule::condemnation_stays)) {
    each_skew([&](std::uint8_t skew) {
      ModelState next = state;
      next.pruners[number] = {};
      for (unsigned i = 0; i < options_.packs; ++i) {
        ModelPack& pack = next.packs[i];
        if (!has(pruner.todo, i) || pack.condemned == 0 || pack.gone != 0) continue;
        pack.gone = 1;
        pack.gone_skew = skew;
      }
      emit(next, {Actor::pruner, number, "marks * as gone", pruner.todo, skew});
    });
    return;
  }
  ModelState next = state;
  next.pruners[number] = {};
  if (pruner.at == PrunerAt::tidy) {
    for (unsigned i = 0; i < options_.segments; ++i) {
      if (!has(pruner.segments, i) || next.segments[i].presence != Presence::stored) continue;
      next.segments[i].presence = Presence::deleted;
      next.segments[i].age = 0;
    }
    emit(next, {Actor::pruner, number, "deletes the superseded segments"});
    return;
  }
  for (unsigned i = 0; i < options_.packs; ++i) {
    if (!has(pruner.todo, i)) continue;
    if (next.packs[i].condemned != 0) ++events_.drops;
    next.packs[i].condemned = next.packs[i].condemned_skew = 0;
    next.packs[i].gone = next.packs[i].gone_skew = 0;
  }
  emit(next, {Actor::pruner, number, "drops the condemnation of *", pruner.todo});
}

}  // namespace holdfast::simulation
