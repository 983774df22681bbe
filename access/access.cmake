if(TARGET access_wire AND TARGET vault_payload)
  strongroom_library(access
    SOURCES
      gate.cpp replay.cpp store.cpp views.cpp
      permit.cpp
      acts/act.cpp acts/cases.cpp acts/copies.cpp acts/desk.cpp acts/directory.cpp acts/keys.cpp acts/records.cpp acts/safes.cpp
      state/standing.cpp state/state.cpp
    HEADERS
      gate.h replay.h store.h views.h
      acts/act.h acts/acts.h permit.h
      state/rows.h state/standing.h state/state.h
    PUBLIC access_wire audit vault_age vault_keyring vault_payload)
endif()
