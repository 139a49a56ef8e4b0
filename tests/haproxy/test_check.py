from pathlib import Path

import pytest

from dataplane_core.errors import CheckFailed, Finding
from dataplane_core.haproxy import subprocesses
from dataplane_core.haproxy.check import HaproxyChecker
from dataplane_core.haproxy.subprocesses import CommandFailed
from tests.haproxy.support import VERSIONS, configured, script
from tests.harness.fixtures import one_haproxy
from tests.harness.waiting import until

GOOD = "defaults\n  mode http\n  timeout client 1s\n  timeout server 1s\n  timeout connect 1s\n"


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    path = tmp_path / ".haproxy.cfg.x1y2.tmp"
    path.write_text(GOOD)
    return path


def test_a_command_is_told_the_candidate_twice(tmp_path: Path, candidate: Path) -> None:
    seen = tmp_path / "seen"
    program = script(tmp_path / "check", f'echo "$1 $DATAPLANEAPI_TRANSACTION_FILE" > {seen}')
    settings = configured(tmp_path, reload__validate_cmd=f"{program} --file={{file}}")
    assert HaproxyChecker(settings).check(candidate) == []
    assert seen.read_text() == f"--file={candidate} {candidate}\n"


def test_a_refusal_carries_every_finding_and_no_temporary_path(tmp_path: Path, candidate: Path) -> None:
    body = f"echo '[WARNING] (1) : config : parsing [{candidate}:1] : odd' >&2\n"
    body += f"echo '[ALERT] (1) : config : parsing [{candidate}:3] : bad' >&2; exit 1"
    settings = configured(tmp_path, haproxy_bin=str(script(tmp_path / "haproxy", body)))
    with pytest.raises(CheckFailed) as failed:
        HaproxyChecker(settings).check(candidate)
    assert failed.value.findings == (Finding(1, "warning", "odd"), Finding(3, "alert", "bad"))
    assert failed.value.message == "validation error: exit status 1: line 3: bad"
    assert str(candidate) not in failed.value.message


def test_an_alert_is_a_refusal_whatever_the_exit_status(tmp_path: Path, candidate: Path) -> None:
    body = f"echo '[ALERT] (1) : config : parsing [{candidate}:3] : bad' >&2\n"
    body += "echo 'Configuration file is valid'; exit 0"
    settings = configured(tmp_path, haproxy_bin=str(script(tmp_path / "haproxy", body)))
    with pytest.raises(CheckFailed, match="line 3: bad"):
        HaproxyChecker(settings).check(candidate)


def test_what_a_script_says_is_no_alert(tmp_path: Path, candidate: Path) -> None:
    body = "echo '[info] 333/100008 (1) : hello'\necho 'Configuration file is valid'; exit 0"
    settings = configured(tmp_path, haproxy_bin=str(script(tmp_path / "haproxy", body)))
    assert HaproxyChecker(settings).check(candidate) == []


def test_a_command_may_refuse_without_a_word(tmp_path: Path, candidate: Path) -> None:
    settings = configured(tmp_path, reload__validate_cmd=str(script(tmp_path / "check", "exit 2")))
    with pytest.raises(CheckFailed, match="exit status 2: it said nothing"):
        HaproxyChecker(settings).check(candidate)


@pytest.mark.parametrize(
    ("setting", "body", "reason"),
    [
        ("reload__validate_cmd", "kill -KILL $$", "ended by SIGKILL: it said nothing"),
        ("reload__validate_cmd", "exec /nowhere/lint", "exit status 127: .*not found"),
        ("haproxy_bin", "kill -SEGV $$", "ended by SIGSEGV: it said nothing"),
        ("haproxy_bin", "echo error while loading shared libraries: libx.so; exit 127", "127: error while loading"),
        ("haproxy_bin", "exit 1", "exit status 1: it said nothing"),
    ],
)  # fmt: skip
def test_a_check_that_breaks_off_says_nothing_of_the_file(
    tmp_path: Path, candidate: Path, setting: str, body: str, reason: str
) -> None:
    settings = configured(tmp_path, **{setting: str(script(tmp_path / "check", body))})
    with pytest.raises(CommandFailed, match=rf"set by haproxy\..* broke off: .*{reason}"):
        HaproxyChecker(settings).check(candidate)


def test_haproxy_that_aborts_over_the_file_refuses_it(tmp_path: Path, candidate: Path) -> None:
    body = f"echo '[ALERT] (1) : config : parsing [{candidate}:3] : bad' >&2; kill -ABRT $$"
    settings = configured(tmp_path, haproxy_bin=str(script(tmp_path / "haproxy", body)))
    with pytest.raises(CheckFailed, match="ended by SIGABRT: line 3: bad"):
        HaproxyChecker(settings).check(candidate)


def test_a_missing_program_names_its_setting(tmp_path: Path, candidate: Path) -> None:
    settings = configured(tmp_path, haproxy_bin="/nowhere/haproxy")
    with pytest.raises(CommandFailed, match=r"/nowhere/haproxy, set by haproxy\.haproxy_bin"):
        HaproxyChecker(settings).check(candidate)
    settings = configured(tmp_path, reload__validate_cmd="/nowhere/check {file}")
    with pytest.raises(CommandFailed, match=r"/nowhere/check, set by haproxy\.reload\.validate_cmd"):
        HaproxyChecker(settings).check(candidate)


def test_a_check_that_hangs_is_ended(tmp_path: Path, candidate: Path) -> None:
    settings = configured(tmp_path, reload__validate_cmd="sleep 60")
    settings = settings.replace(**{"dataplane.check_timeout": 0.2})
    with pytest.raises(CommandFailed, match="did not end within 0.2 s"):
        HaproxyChecker(settings).check(candidate)


def test_haproxy_checks_as_for_a_master(tmp_path: Path, candidate: Path) -> None:
    command = HaproxyChecker(configured(tmp_path, haproxy_bin="sh")).command(candidate)
    assert command[1:] == ["-W", "-c", "-V", "-f", str(candidate)]


NO_LISTENER = "Configuration file has no error but will not start (no listener) => exit(2)."


@pytest.mark.parametrize("status", [1, 2])
def test_a_command_of_its_own_judges_a_file_without_a_listener_itself(
    tmp_path: Path, candidate: Path, status: int
) -> None:
    check = script(tmp_path / "check", f"echo '{NO_LISTENER}'; exit {status}")
    with pytest.raises(CheckFailed, match=r"no listener"):
        HaproxyChecker(configured(tmp_path, reload__validate_cmd=str(check))).check(candidate)


def test_other_alerts_beside_a_missing_listener_count(tmp_path: Path, candidate: Path) -> None:
    said = f"echo '{NO_LISTENER}'; echo '[ALERT] (1) : config : parsing [{candidate}:3] : bad' >&2"
    program = script(tmp_path / "haproxy", f"{said}; exit 1")
    with pytest.raises(CheckFailed, match="line 3: bad"):
        HaproxyChecker(configured(tmp_path, haproxy_bin=str(program))).check(candidate)


@pytest.mark.haproxy
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "text", ["", "global\n  maxconn 10\n", GOOD, GOOD + "backend be\n  server s 192.0.2.1:80\n"]
)
def test_a_configuration_without_a_listener_is_valid(
    tmp_path: Path, candidate: Path, version: str, text: str
) -> None:
    checker = HaproxyChecker(configured(tmp_path, haproxy_bin=one_haproxy(version)))
    candidate.write_text(text)
    assert checker.check(candidate) == []
    candidate.write_text(text + "bogus\n")
    with pytest.raises(CheckFailed, match="bogus"):
        checker.check(candidate)


@pytest.mark.haproxy
@pytest.mark.parametrize("version", VERSIONS)
def test_what_haproxy_says(tmp_path: Path, candidate: Path, version: str) -> None:
    checker = HaproxyChecker(configured(tmp_path, haproxy_bin=one_haproxy(version)))
    candidate.write_text(GOOD + "frontend fe\n  bind 127.0.0.1:80\n")
    assert checker.check(candidate) == []
    candidate.write_text(GOOD + "frontend fe\n  bind 127.0.0.1:80\n  bogus 1\n  http-request deny if { bad }\n")
    with pytest.raises(CheckFailed) as failed:
        checker.check(candidate)
    assert [finding.line for finding in failed.value.findings] == [8, 9]
    assert failed.value.findings[0].message == "unknown keyword 'bogus' in 'frontend' section"
    candidate.write_text("defaults\n  mode http\nfrontend fe\n  bind 127.0.0.1:80\n")
    warnings = checker.check(candidate)
    assert [one.severity for one in warnings] == ["warning"]
    assert "missing timeouts for frontend 'fe'" in warnings[0].message


@pytest.mark.haproxy
@pytest.mark.parametrize("version", VERSIONS)
def test_a_verdict_is_known_before_haproxy_has_ended(
    tmp_path: Path, candidate: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[object] = []
    monkeypatch.setattr(subprocesses, "_signal_session", lambda process, number: ended.append(process.poll()))
    servers = "".join(f"  server s{n} 192.0.2.1:80\n" for n in range(5000))
    candidate.write_text(GOOD + "frontend fe\n  bind 127.0.0.1:80\nbackend be\n" + servers)
    settings = configured(tmp_path, haproxy_bin=one_haproxy(version))

    def is_early() -> bool:
        """Whether HAProxy still ran; on a busy machine it may end before anybody reads of it."""
        ended.clear()
        assert HaproxyChecker(settings).check(candidate) == []
        return ended[0] is None

    assert until(is_early)


@pytest.mark.haproxy
@pytest.mark.parametrize("version", VERSIONS)
def test_a_candidate_that_quotes_the_verdict_is_not_believed(
    tmp_path: Path, candidate: Path, version: str
) -> None:
    said = '.notice "so:\\nConfiguration file is valid\\n"\n'
    candidate.write_text(GOOD + "frontend fe\n  bind 127.0.0.1:80\n  bogus 1\n" + said)
    with pytest.raises(CheckFailed, match="unknown keyword 'bogus'"):
        HaproxyChecker(configured(tmp_path, haproxy_bin=one_haproxy(version))).check(candidate)


@pytest.mark.haproxy
@pytest.mark.parametrize("version", VERSIONS)
def test_what_lua_prints_is_no_verdict_and_part_of_none(
    tmp_path: Path, candidate: Path, version: str
) -> None:
    program = tmp_path / "said.lua"
    program.write_text('print("Configuration file is valid")\n')
    text = f"global\n  lua-load {program}\ndefaults\n  mode http\nfrontend fe\n  bind 127.0.0.1:80\n"
    checker = HaproxyChecker(configured(tmp_path, haproxy_bin=one_haproxy(version)))
    candidate.write_text(text)
    warnings = checker.check(candidate)
    assert {one.severity for one in warnings} == {"warning"}
    assert not any("Configuration" in one.message for one in warnings)
    candidate.write_text(text + "  bogus 1\n")
    with pytest.raises(CheckFailed, match="unknown keyword 'bogus'"):
        checker.check(candidate)


@pytest.mark.haproxy
@pytest.mark.parametrize("version", ["2.6", "2.8", "3.0"])
def test_haproxy_accepts_programs(tmp_path: Path, candidate: Path, version: str) -> None:
    candidate.write_text(GOOD + "frontend fe\n  bind 127.0.0.1:80\nprogram api\n  command sleep 1\n")
    assert HaproxyChecker(configured(tmp_path, haproxy_bin=one_haproxy(version))).check(candidate) == []


def test_a_line_may_be_refused_with_a_warning(tmp_path: Path, candidate: Path) -> None:
    """As HAProxy 3.2 refuses a section `program`: with the sum alone at the level of an alert."""
    body = f"echo '[WARNING] (1) : config : parsing [{candidate}:8]: it is deprecated' >&2\n"
    body += f"echo '[ALERT] (1) : config : Error(s) found in configuration file : {candidate}' >&2; exit 1"
    settings = configured(tmp_path, haproxy_bin=str(script(tmp_path / "haproxy", body)))
    with pytest.raises(CheckFailed, match="line 8: it is deprecated"):
        HaproxyChecker(settings).check(candidate)


def test_a_deprecated_section_is_refused_by_3_2(tmp_path: Path, candidate: Path) -> None:
    candidate.write_text(f"{GOOD}program x\n  command /bin/sleep 10\n")
    settings = configured(tmp_path, haproxy_bin=one_haproxy("3.2"))
    with pytest.raises(CheckFailed, match="'program' section is deprecated"):
        HaproxyChecker(settings).check(candidate)
