if(TARGET access_wire AND TARGET vault_keyring)
  strongroom_library(access
    SOURCES
      permit.cpp
      state/standing.cpp state/state.cpp
    HEADERS
      acts/act.h permit.h
      state/rows.h state/standing.h state/state.h
    PUBLIC access_wire audit vault_keyring)
endif()
