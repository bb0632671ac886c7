# What ./dev needs of the machine: what is there, what is missing, and, with consent, bringing it. Sourced by ./dev.
# shellcheck shell=bash

ROOT=${DEV_SYSROOT:-} # tests describe another machine by a folder with its /etc; nothing outside it is written then
export PATH="$PATH:$ROOT/usr/sbin:$ROOT/sbin"

# What the project needs of the system, in one place: EVIDENCE=DEBIAN-PACKAGE, evidence being a program or a file.
NEEDS_CLONE="git=git /etc/ssl/certs/ca-certificates.crt=ca-certificates"
NEEDS_BUILD="mmdebstrap=mmdebstrap /usr/share/keyrings/debian-archive-keyring.gpg=debian-archive-keyring"
NEEDS_TEST="chromium=chromium /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf=fonts-dejavu-core skopeo=skopeo ip=iproute2 docker-registry=docker-registry"
NEEDS_ENGINE="iptables=iptables"
ENGINE="docker.io docker-cli docker-buildx docker-compose"
ENGINE_OLDEST=25
NEWER=/etc/apt/sources.list.d/kgshare-trixie # .sources or .list, as what it is derived from
PIN=/etc/apt/preferences.d/kgshare-trixie       # its presence says that this is a Debian 12
NEWER_SUITES='/^trixie(|-security|-updates)$/'
DAEMON_LOG=/var/log/kgshare-dockerd.log

REFUSED=20 FAILED=21 NO_DAEMON=22 # exit codes; what a called command returns is passed on

say() { printf '%s\n' "$*" >&2; }
stop() { local code=$1; shift; say "./dev: $*"; exit "$code"; }
have() { command -v "$1" >/dev/null 2>&1; }
in_ci() { [ "${CI:-}" = true ] || [ "${CI:-}" = 1 ]; }
is_root() { [ "$(id -u)" -eq 0 ]; }
as_root() { if is_root; then "$@"; else sudo "$@"; fi; }

# ---- what is there, what is missing --------------------------------------------------------------------------------

# Debian's release: 12, 13, …; nothing where this is not Debian or an older one.
debian_release() {
  [ -r "$ROOT/etc/os-release" ] || return 0
  (
    # shellcheck disable=SC1091
    . "$ROOT/etc/os-release"
    [ "${ID:-}" = debian ] || exit 0
    # Docker from trixie upgrades base-files too, which then calls a Debian 12 a 13.
    [ ! -e "$ROOT$PIN" ] || VERSION_ID=12
    [ "${VERSION_ID:=14}" -lt 12 ] || echo "$VERSION_ID" # testing and unstable have no number
  )
}

find_python() {
  local name
  for name in ${DEV_PYTHON:+"$DEV_PYTHON"} python3 python3.14 python3.13 python3.12 python3.11; do
    if have "$name" && "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$name"
      return
    fi
  done
}

present() { case $1 in /*) [ -e "$ROOT$1" ] ;; *) have "$1" ;; esac; }
major() { local digits=${1%%.*}; case $digits in '' | *[!0-9]*) echo 0 ;; *) echo "$digits" ;; esac; }

# The Docker server in one word: ok, old, denied (by the socket's rights), silent.
engine_state() {
  local answer
  if ! have docker; then
    echo silent
  elif answer=$(docker version --format '{{.Server.Version}}' 2>&1); then
    if [ "$(major "$answer")" -ge $ENGINE_OLDEST ]; then echo ok; else echo old; fi
  else
    case $answer in *"permission denied"*) echo denied ;; *) echo silent ;; esac
  fi
}

# Any client finds Debian's plugins, so what counts is what answers, not which `docker` comes first on PATH.
has_buildx() { docker buildx version >/dev/null 2>&1; }
has_compose() { [ "$(major "$(docker compose version --short 2>/dev/null | sed 's/^v//')")" -ge 2 ]; }
dockerd_is_new() { have dockerd && [ "$(major "$(dockerd --version | sed 's/^Docker version //')")" -ge $ENGINE_OLDEST ]; }

# Fill PACKAGES, PACKAGES_ENGINE, START and JOIN with what LEVEL (python, local, up, test) lacks.
PACKAGES="" PACKAGES_ENGINE="" START="" JOIN=""
plan() {
  local level=$1 release=$2 need state needs=""
  PACKAGES="" PACKAGES_ENGINE="" START="" JOIN=""
  [ -n "$(find_python)" ] || PACKAGES="python3 python3-venv"
  [ "$level" = python ] && return
  needs=$NEEDS_CLONE
  [ -z "$release" ] || needs="$needs $NEEDS_BUILD" # elsewhere bases are made in a Debian container
  [ -z "$release" ] || [ "$level" = local ] || needs="$needs $NEEDS_ENGINE"
  is_root || [ -z "$release" ] || needs="$needs newuidmap=uidmap fakeroot=fakeroot" # mmdebstrap without root
  [ "$level" = test ] && needs="$needs $NEEDS_TEST"
  for need in $needs; do
    case $need in /*) [ -n "$release" ] || continue ;; esac # other systems keep such files elsewhere
    present "${need%%=*}" || PACKAGES="${PACKAGES:+$PACKAGES }${need#*=}"
  done
  [ "$level" = local ] && return 0
  state=$(engine_state)
  case $state in
    silent) START=1; if ! have docker || ! dockerd_is_new; then PACKAGES_ENGINE=$ENGINE; fi ;;
    old) PACKAGES_ENGINE=$ENGINE ;;
    denied) JOIN=$(id -un) ;;
  esac
  if [ -z "$PACKAGES_ENGINE" ]; then
    has_buildx || PACKAGES_ENGINE=docker-buildx
    has_compose || PACKAGES_ENGINE="${PACKAGES_ENGINE:+$PACKAGES_ENGINE }docker-compose"
  fi
  # Debian has these from 13 on; with Docker's own packages on a 12 nothing is taken from trixie.
  for need in oras cosign; do
    if [ "$level" != test ] || present $need; then continue; fi
    if [ "$release" != 12 ]; then PACKAGES="${PACKAGES:+$PACKAGES }$need"
    elif ! has_docker_ce; then PACKAGES_ENGINE="${PACKAGES_ENGINE:+$PACKAGES_ENGINE }$need"; fi
  done
  if whole_engine && [ -n "$release" ] && ! is_root; then JOIN=$(id -un); fi
  if [ -n "$JOIN" ] && id -nG "$JOIN" 2>/dev/null | grep -qw docker; then JOIN=""; fi
}

has_trixie() { [ -e "$ROOT$NEWER.sources" ] || [ -e "$ROOT$NEWER.list" ]; }
nothing_to_do() { [ -z "$PACKAGES$PACKAGES_ENGINE$START$JOIN" ]; }

# The plan in words, for the person who is asked.
describe_plan() {
  local release=$1 from_debian="$PACKAGES"
  [ "$release" = 12 ] || from_debian="${PACKAGES:+$PACKAGES }$PACKAGES_ENGINE"
  [ -z "$from_debian" ] || say "  install from Debian: $from_debian"
  if [ -n "$PACKAGES_ENGINE" ] && [ "$release" = 12 ]; then
    has_trixie || say "  add Debian's suite trixie to apt's sources, pinned at priority 100 ($NEWER.*, $PIN)"
    say "  install from Debian trixie, which also upgrades libc6: $PACKAGES_ENGINE"
  fi
  ! whole_engine || [ "$(engine_state)" != old ] ||
    say "  restart Docker, which is older than $ENGINE_OLDEST: containers that run now stop"
  [ -z "$START" ] || say "  start the Docker daemon and leave it running"
  [ -z "$JOIN" ] || say "  add $JOIN to the group docker (its members can become root on this machine)"
}

whole_engine() { case " $PACKAGES_ENGINE " in *" docker.io "*) true ;; *) false ;; esac; }
has_docker_ce() { dpkg-query -W -f '${db:Status-Status}' docker-ce 2>/dev/null | grep -q '^installed'; }

# Why the plan may not be carried out here; nothing where it may.
why_not() {
  local release=$1
  if [ -z "$release" ]; then
    echo "this is not Debian 12 or newer"
  elif [ -n "$PACKAGES_ENGINE" ] && has_docker_ce; then
    echo "docker-ce is installed, which Debian's Docker would replace"
  elif [ -n "${DOCKER_HOST:-}" ] && { [ -n "$START" ] || whole_engine; }; then
    echo "DOCKER_HOST points to a daemon that does not answer or is older than $ENGINE_OLDEST"
  elif ! is_root && ! have sudo; then
    echo "you are not root and there is no sudo"
  elif ! is_root && ! [ -t 0 ] && ! sudo -n true 2>/dev/null; then
    echo "sudo wants a password and there is no terminal"
  fi
}

# Say exactly what a person has to bring, and end.
refuse() {
  local release=$1 why=$2 programs apt="apt-get install --no-install-recommends"
  say "./dev changed nothing: $why. \`./dev $COMMAND\` needs this first:"
  if [ -z "$release" ]; then
    say "  (on Windows, inside WSL2 with Debian)"
    case $PACKAGES in *python3*) say "  Python 3.11 or newer with venv (uv can install one)" ;; esac
    programs=$(printf '%s' "$PACKAGES" | sed 's/python3[^ ]* *//g')
    [ -z "$programs" ] || say "  programs: $programs"
  else
    [ -z "$PACKAGES" ] || say "  $apt $PACKAGES"
  fi
  if [ -n "$PACKAGES_ENGINE$START" ] && { [ -z "$release" ] || has_docker_ce || [ -n "${DOCKER_HOST:-}" ]; }; then
    say "  Docker Engine $ENGINE_OLDEST or newer, running, with buildx and compose v2 (Docker Desktop has them)"
  else
    if [ -n "$PACKAGES_ENGINE" ] && [ "$release" = 12 ]; then
      has_trixie || say "  Debian's suite trixie, pinned at priority 100 (\`./dev __derive-source FILE\` rewrites one of apt's files)"
      apt="$apt -t '$NEWER_SUITES'"
    fi
    [ -z "$PACKAGES_ENGINE" ] || say "  $apt $PACKAGES_ENGINE"
    [ -z "$START" ] || say "  a running Docker daemon: systemctl start docker, or dockerd as root"
  fi
  [ -z "$JOIN" ] || say "  the right to use Docker: usermod -aG docker $JOIN, then log in again"
  if [ "$COMMAND" = up ] && can_do_without "$release"; then
    say "or nothing of it: \`./dev up --local\` goes on without containers, which means not sandboxed"
  fi
  exit $REFUSED
}

can_do_without() { [ -n "$1" ] && (plan local "$1" && [ -z "$PACKAGES" ]); }

# `up` where Docker cannot be had goes on without, if all else is there: LOCAL is set, and it says so. Others fail here.
LOCAL=""
fall_back() {
  local release=$1 why=$2
  if [ "$COMMAND" != up ] || ! can_do_without "$release"; then return 1; fi
  # shellcheck disable=SC2034 # ./dev reads it
  LOCAL=1
  say "./dev: Docker cannot be had ($why), so this goes on without containers, which means not sandboxed."
}

consent() {
  local answer
  if [ -n "$YES" ] || in_ci; then return; fi
  if ! [ -t 0 ]; then
    if fall_back "$1" "there is no terminal to ask on"; then return 1; fi
    refuse "$1" "there is no terminal to ask on (--yes says yes)"
  fi
  printf 'Go on? [y/N] ' >&2
  read -r answer || answer=""
  case $answer in y | Y | yes | Yes) ;; *) refuse "$1" "you said no" ;; esac
}

# ---- changing the machine ------------------------------------------------------------------------------------------

# One of apt's source files with Debian's own entries of the suites FROM (a regex) rewritten to TO, on stdout.
derive_source() {
  local form=list
  ! grep -qi '^types:' "$1" || form=deb822
  awk -v form=$form -v from="$2" -v to="$3" -f "$TOP/.ci/derive-source.awk" "$1"
}

apt_source_files() {
  local file
  for file in "$ROOT"/etc/apt/sources.list "$ROOT"/etc/apt/sources.list.d/*.list "$ROOT"/etc/apt/sources.list.d/*.sources; do
    [ ! -s "$file" ] || echo "$file"
  done
}

# Refresh Debian's own lists only: somebody else's server that does not answer costs nothing and breaks nothing.
apt_update() {
  local parts file debian='bookworm|oldstable|trixie|stable|testing|forky|sid'
  parts=$(mktemp -d)
  apt_source_files | while read -r file; do
    [ -z "$(derive_source "$file" "$debian" any)" ] || ln -s "$file" "$parts/"
  done
  as_root apt-get update -qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$parts" -o APT::Get::List-Cleanup=0 >&2 ||
    as_root apt-get update -qq >&2 || say "./dev: apt could not refresh every list; going on with what it has"
  rm -r "$parts"
}

# dpkg says a line or three about each package: shown only where it fails.
apt_install() {
  local log word names=""
  log=$(mktemp)
  for word in "$@"; do case $word in -* | /*) ;; *) names="$names $word" ;; esac; done
  say "Installing with apt:$names"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 \
    -o Dpkg::Options::=--force-confold "$@" >"$log" 2>&1 </dev/null ||
    { tail -n 20 "$log" >&2; rm "$log"; stop $FAILED "apt-get install $* failed; its reason stands above"; }
  rm "$log"
}

add_trixie() {
  local file text added=""
  ! has_trixie || return 0
  for file in $(apt_source_files); do
    text=$(derive_source "$file" 'bookworm|oldstable' trixie)
    [ -n "$text" ] || continue
    printf '%s\n\n' "$text" | as_root tee -a "$ROOT$NEWER.${file##*.}" >/dev/null
    added=1
  done
  [ -n "$added" ] || stop $FAILED "apt has no source for Debian 12 to derive trixie's from"
}

install_packages() {
  local release=$1
  apt_update
  # shellcheck disable=SC2086 # lists of names
  [ -z "$PACKAGES" ] || apt_install $PACKAGES
  case " $PACKAGES " in # the tests start their own, on loopback
    *" docker-registry "*) [ ! -d "$ROOT/run/systemd/system" ] || as_root systemctl disable --now --quiet docker-registry >&2 || true ;;
  esac
  [ -n "$PACKAGES_ENGINE" ] || return 0
  if [ "$release" = 12 ]; then
    apt_install debian-archive-keyring # the newest of Debian 12 knows trixie's keys
    # The pin comes first: without it the whole machine would move to trixie.
    printf 'Package: *\nPin: release n=trixie*\nPin-Priority: 100\n' | as_root tee "$ROOT$PIN" >/dev/null
    add_trixie
    apt_update
    # shellcheck disable=SC2086
    apt_install -t "$NEWER_SUITES" $PACKAGES_ENGINE
  else
    # shellcheck disable=SC2086
    apt_install $PACKAGES_ENGINE
  fi
}

# Start the daemon detached, its output in a log, and wait until it answers; fails where `up` is to go on without.
start_daemon() {
  local release=$1 pid="" wait=120
  if [ -d "$ROOT/run/systemd/system" ]; then
    if ! as_root systemctl enable --now docker >&2; then
      if fall_back "$release" "systemctl could not start it"; then return 1; fi
      stop $NO_DAEMON "systemctl could not start Docker; \`journalctl -u docker\` says why"
    fi
  elif [ "$(engine_state)" = silent ]; then # installing may have started it
    pid=$(as_root sh -c "setsid dockerd >'$ROOT$DAEMON_LOG' 2>&1 </dev/null & echo \$!")
  fi
  while [ "$(engine_state)" = silent ]; do
    wait=$((wait - 1))
    if [ $wait -eq 0 ] || { [ -n "$pid" ] && ! grep -qs '^State:[[:space:]]*[^Z]' "/proc/$pid/status"; }; then
      say "./dev: the Docker daemon does not answer. The last lines of its log${pid:+, $DAEMON_LOG}:"
      if [ -n "$pid" ]; then as_root tail -n 12 "$ROOT$DAEMON_LOG" >&2; else as_root journalctl -u docker -n 12 --no-pager >&2; fi
      if fall_back "$release" "its daemon does not start"; then return 1; fi
      exit $NO_DAEMON
    fi
    sleep 0.5
  done
}

# A daemon older than its newly installed program: systemd's package scripts restart it, nobody else does.
restart_daemon() {
  local pid_file="$ROOT/run/docker.pid"
  if [ -d "$ROOT/run/systemd/system" ]; then
    as_root systemctl restart docker >&2
  elif [ -r "$pid_file" ]; then
    as_root sh -c "kill $(cat "$pid_file")" # a shell has one built in; the program may be missing
    while [ "$(engine_state)" = old ]; do sleep 0.5; done
  fi
}

# Make LEVEL's plan true, after asking.
system() {
  local level=$1 release why
  release=$(debian_release)
  plan "$level" "$release"
  if ! nothing_to_do; then
    why=$(why_not "$release")
    if [ -n "$why" ]; then
      if fall_back "$release" "$why"; then return; fi
      refuse "$release" "$why"
    fi
    say "For \`./dev $COMMAND\` this machine (Debian $release) needs a change:"
    describe_plan "$release"
    consent "$release" || return 0
    [ -z "$PACKAGES$PACKAGES_ENGINE" ] || install_packages "$release"
    if whole_engine && [ "$(engine_state)" = old ]; then restart_daemon && START=1; fi
    [ -z "$START" ] || start_daemon "$release" || return 0
    [ -z "$JOIN" ] || as_root usermod -aG docker "$JOIN"
    hash -r
    plan "$level" "$release"
    [ -z "$PACKAGES$PACKAGES_ENGINE$START" ] ||
      stop $FAILED "still missing after installing:${PACKAGES:+ $PACKAGES}${PACKAGES_ENGINE:+ $PACKAGES_ENGINE}${START:+ a running Docker daemon}"
  fi
  case $level in python | local) ;; *) enter_group "$release" ;; esac
}

# A login from before the user joined the group docker may not use the socket: go on in a shell that may.
enter_group() {
  [ "$(engine_state)" = denied ] || return 0
  if [ -z "${DEV_IN_GROUP:-}" ] && have sg && id -nG "$(id -un)" | grep -qw docker; then
    DEV_IN_GROUP=1 exec sg docker -c "$(printf '%q ' "$TOP/dev" "${WORDS[@]}")"
  fi
  ! fall_back "$1" "you may not use its socket" || return 0
  stop $NO_DAEMON "you may not use Docker's socket; \`sudo usermod -aG docker $(id -un)\`, then log in again"
}
