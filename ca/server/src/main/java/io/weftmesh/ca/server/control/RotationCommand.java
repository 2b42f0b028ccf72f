package io.weftmesh.ca.server.control;

import io.weftmesh.ca.server.rotation.RotatingAuthority;
import io.weftmesh.ca.server.rotation.RotationRefusedException;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What an operator may tell a running ca. */
public enum RotationCommand {
  PREPARE {
    @Override
    String run(RotatingAuthority authority)
        throws RotationRefusedException, GeneralSecurityException, IOException {
      return authority.prepare();
    }
  },
  ACTIVATE {
    @Override
    String run(RotatingAuthority authority)
        throws RotationRefusedException, GeneralSecurityException, IOException {
      return authority.activate();
    }
  },
  RETIRE {
    @Override
    String run(RotatingAuthority authority)
        throws RotationRefusedException, GeneralSecurityException, IOException {
      return authority.retire();
    }
  },
  FORCE {
    @Override
    String run(RotatingAuthority authority)
        throws RotationRefusedException, GeneralSecurityException, IOException {
      return authority.force();
    }
  },
  STATUS {
    @Override
    String run(RotatingAuthority authority) {
      return authority.status();
    }
  };

  abstract String run(RotatingAuthority authority)
      throws RotationRefusedException, GeneralSecurityException, IOException;

  /** The word for it on the command line and on the socket. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Optional<RotationCommand> of(String word) {
    return Arrays.stream(values()).filter(command -> command.word().equals(word)).findFirst();
  }
}
