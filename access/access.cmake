if(TARGET access_wire AND TARGET vault_payload)
  strongroom_library(access
    SOURCES
      replay.cpp store.cpp
      permit.cpp place.cpp role_capacities.cpp
      acts/act.cpp acts/cases.cpp acts/copies.cpp acts/desk.cpp acts/directory.cpp acts/keys.cpp acts/records.cpp
      acts/review_course.cpp acts/review_decision.cpp acts/review_meeting.cpp acts/review_outcome.cpp
      acts/review_scoping.cpp acts/safes.cpp
      state/review_status.cpp state/state.cpp
      gate/clock.cpp gate/gate.cpp gate/queue.cpp gate/rates.cpp gate/writer.cpp
      views/copies.cpp views/directory.cpp views/log.cpp views/reading.cpp views/records.cpp views/refusals.cpp
      views/review.cpp views/safes.cpp
    HEADERS
      replay.h store.h views.h
      gate/clock.h gate/gate.h gate/queue.h gate/rates.h gate/writer.h
      acts/act.h acts/acts.h acts/review_acts.h actions.h permit.h permit_table.h place.h role_capacities.h
      state/review_rows.h state/review_status.h state/row_cache.h state/rows.h state/state.h
      views/places.h views/reading.h
    PUBLIC access_wire audit review vault_age vault_keyring vault_payload)
  target_precompile_headers(access PRIVATE state/state.h)
endif()
