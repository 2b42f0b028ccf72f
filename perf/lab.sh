#!/usr/bin/env bash
# Weft's lab: the whole mesh on this machine, in network namespaces of its own. See usage() below.
set -euo pipefail

readonly REPOSITORY="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
readonly JAR="$REPOSITORY/perf/target/weft-perf.jar"
readonly JDK=25
# What a bare Debian lacks of what the lab, its tests and its demo call.
readonly PACKAGES=(
  ca-certificates conntrack curl haproxy iproute2 iptables nghttp2-client nghttp2-server openssl procps tcpdump
  util-linux wrk
)

usage() {
  cat <<USAGE
Weft's lab: a service mesh on this machine, in network namespaces of its own. Needs root.

  perf/lab.sh demo [--once]       builds Weft, starts a mesh and shows what it does
  perf/lab.sh test                builds Weft and runs all of its tests
  perf/lab.sh fuzz [ROUNDS [SEED]]
                                  feeds hostile bytes to every parser that reads what others send: 30000 rounds
                                  take seconds, 10000000 hours. Names the seed of a round that fails;
                                  "fuzz 1 SEED" plays that round again. Needs no root
  perf/lab.sh fuzz MINUTESm       the same, guided by what the bytes reach in the code: 60m for an hour, shared out
                                  among the targets. Leaves what it found out in .cifuzz-corpus/, to go on from
  perf/lab.sh up                  starts a mesh of two nodes and leaves it running
  perf/lab.sh status              shows what runs
  perf/lab.sh apply FILE...       puts Kubernetes YAML in force (--delete: takes it away)
  perf/lab.sh exec POD -- CMD     runs a program in a pod: exec shop/client -- curl -s http://echo.shop/
  perf/lab.sh explain POD URL     says where a request would go, and why: explain shop/client http://echo.shop/
  perf/lab.sh restart             starts again what was killed of the mesh
  perf/lab.sh down                removes everything again

  perf/lab.sh figures             measures what Weft costs, beside HAProxy in the same run
  perf/lab.sh balance             measures how requests are shared out when endpoints turn slow or fail
  perf/lab.sh neighbour           measures what a noisy pod does to a quiet one on its node

  perf/lab.sh prepare             installs the Debian packages that the above need (done by demo and test)
  perf/lab.sh build               builds without tests, and trains the processes for a fast start
USAGE
}

fail() {
  echo "perf/lab.sh: $*" >&2
  exit 1
}

# Prints the folder of a JDK of the version that Weft is built with.
find_jdk() {
  local home
  for home in "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/*jdk* "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/*; do
    if [[ -x "$home/bin/javac" ]] && grep -qs "^JAVA_VERSION=\"$JDK[.\"]" "$home/release"; then
      echo "$home"
      return
    fi
  done
  fail "no JDK $JDK found: install one below /usr/lib/jvm, or set JAVA_HOME to it"
}

need_root() {
  [[ $EUID -eq 0 ]] || fail "network namespaces need root: sudo perf/lab.sh $*"
}

# "prepare tests" installs what only the tests call, too.
prepare() {
  need_root prepare
  local package packages=("${PACKAGES[@]}") missing=()
  if [[ "${1:-}" == tests ]] && ! command -v go >/dev/null; then
    packages+=(golang-go)
  fi
  for package in "${packages[@]}"; do
    if [[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]]; then
      missing+=("$package")
    fi
  done
  if ((${#missing[@]})); then
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
  fi
  command -v mvn >/dev/null || fail "Maven is needed: apt-get install maven"
}

maven() {
  local jdk
  jdk="$(find_jdk)"
  (cd "$REPOSITORY" && JAVA_HOME="$jdk" PATH="$jdk/bin:$PATH" mvn -B --no-transfer-progress "$@")
}

# Prints the lab's command line, a word a line.
lab_command() {
  printf '%s\n' "$(find_jdk)/bin/java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \
    --enable-native-access=ALL-UNNAMED -Dweft.repository="$REPOSITORY" -jar "$JAR"
}

build() {
  need_root build
  maven -q -DskipTests package
  mapfile -t command < <(lab_command)
  "${command[@]}" train
}

# Every fuzz target, from another seed each time: what was searched once need not be searched again.
fuzz() {
  if [[ "${1:-}" =~ ^([1-9][0-9]{0,4})m$ && $# == 1 ]]; then
    guided_fuzz "${BASH_REMATCH[1]}"
    return
  fi
  local rounds="${1:-3000000}" seed="${2:-$(date +%s)00000000}"
  [[ "$rounds" =~ ^[1-9][0-9]{0,7}$ && "$seed" =~ ^[0-9]{1,18}$ ]] \
    || fail "fuzz takes a number of rounds, up to 99999999, and a seed, or a time as 60m: not '$*'"
  echo "From seed $seed"
  maven -pl '!perf' test -Dtest='*FuzzTest,UntrustedBytesTest' -Dsurefire.failIfNoSpecifiedTests=false \
    -Dweft.fuzz.rounds="$rounds" -Dweft.fuzz.seed="$seed"
}

# Every method that Jazzer can guide, one after the other, as it wants them.
guided_fuzz() {
  local minutes="$1" class method targets=() target
  while IFS=: read -r class method; do
    targets+=("${class%%/src/*} $(basename "$class" .java)#$method")
  done < <(cd "$REPOSITORY" && grep -r -A1 --include='*.java' '@FuzzTest' . \
    | sed -nE 's|^\./(.*\.java)- *void ([A-Za-z0-9]+)\(byte.*|\1:\2|p' | sort)
  ((${#targets[@]})) || fail "found no method with @FuzzTest below $REPOSITORY"
  for target in "${targets[@]}"; do
    echo "$((minutes * 60 / ${#targets[@]})) s of $target"
    JAZZER_FUZZ=1 JAZZER_MAX_DURATION="$((minutes * 60 / ${#targets[@]}))s" \
      maven -q -pl "${target% *}" -am test -Dtest="${target#* }" -Dsurefire.failIfNoSpecifiedTests=false
  done
}

lab() {
  need_root "$@"
  [[ -f "$JAR" ]] || build
  mapfile -t command < <(lab_command)
  exec "${command[@]}" "$@"
}

find_jdk >/dev/null
case "${1:-}" in
  prepare) prepare ;;
  build) build ;;
  demo)
    prepare
    echo "Building Weft ..."
    build
    lab "$@"
    ;;
  figures | balance | neighbour)
    prepare
    build
    lab "$@"
    ;;
  test)
    prepare tests
    # H2SpecTest builds h2spec with Go.
    maven verify -Dweft.h2spec=install
    ;;
  fuzz) fuzz "${@:2}" ;;
  up | status | apply | exec | explain | restart | down) lab "$@" ;;
  *)
    usage
    [[ "${1:-}" =~ ^(|help|-h|--help)$ ]] || exit 2
    ;;
esac
