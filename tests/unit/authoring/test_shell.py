"""Which expansions of a shell script are reported."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franca.authoring.shell import unquoted


def texts(script: str) -> list[str]:
    return [one.text for one in unquoted(script)]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("cp $A ${B}/x", ["$A", "${B}"]),
        ('cp "$A" "${B}/x" \'$C\' \\$D', []),
        ("rm -rf $(pwd)/x", ["$(pwd)"]),
        ("rm -rf `pwd`", ["`pwd`"]),
        ('echo "a $(cat $F) b"', ["$F"]),
        ("echo $(cat $F)", ["$(cat $F)", "$F"]),
        ("X=$Y Z=$(pwd) cmd", []),
        ("X=$Y cmd $Z", ["$Z"]),
        ("export X=$Y", []),
        ("local x=$1", []),
        ("env X=$Y cmd", ["$Y"]),
        ("${CMD} a", []),
        ("a=( $x $y )", []),
        ("a+=( $x\n $y ); cp $z", ["$z"]),
        ("test $? -eq 0 || exit $#", []),
        ("exit ${#x}", []),
        ("f $1 $@ $*", ["$1", "$@", "$*"]),
        ("if [ $x = y ]; then z; fi", ["$x"]),
        ("if [[ $x = $y && -f $z ]]; then cp $a b; fi", ["$a"]),
        ("(( x > $y )); echo $(( $x + 1 ))", []),
        ("for f in $LIST; do cp $f x; done", ["$f"]),
        ("case $x in $y) cp $a;; b|c) ls $d ;; esac; ls $e", ["$a", "$d", "$e"]),
        ("x=$(case $y in a) ls $z;; esac)", ["$z"]),
        ("cat > $OUT", ["$OUT"]),
        ("cmd 2>&1 >$OUT <$IN", ["$OUT", "$IN"]),
        ("cat <<EOF\n$x it's\nEOF\ncp $y", ["$y"]),
        ("cat <<-'EOF' > $f\n$x\n\tEOF\ncp $y", ["$f", "$y"]),
        ("cat <<< $x", []),
        ("# it's $x\ncp a#b $y # $z", ["$y"]),
        ("cp $x y # lint: ok", []),
        ("# shellcheck disable=SC2086\ncp $x y", []),
        ("diff <(sort $a) b", ["$a"]),
        ("( cd $d && ls )", ["$d"]),
        ('f() { rm "$1"; }; { ls $x; }', ["$x"]),
        ("! grep $x f | while read -r l; do echo $l; done", ["$x", "$l"]),
        ("echo $'it\\'s' $x", ["$x"]),
        ('echo "${x:-"a b"}" ${y:-"c d"}', ['${y:-"c d"}']),
        ("cmd \\\n  $x", ["$x"]),
        ("echo 'open", [""]),
        ('echo "open', [""]),
        ("echo $(ls", [""]),
        ("echo $", []),
        ("eval $cmd; exit $status", []),
        ('[ -z ${X+x} ]; cmd ${X:+--on} ${X:+--engine="$X"}', []),
        ("cmd ${X:+$X} ${X:-a}", ["${X:+$X}", "${X:-a}"]),
        ("make -j$(nproc); docker run -u $(id -u):$(id -g) $(id)", ["$(id)"]),
        ("eval $cmd > $log", ["$log"]),
        ("f() { return $1; }; shift $n", []),
    ],
)
def test_expansions(script: str, expected: list[str]) -> None:
    assert texts(script) == expected


def test_places_count_from_one() -> None:
    found = unquoted("a\n  cp $x y\n")
    assert [(one.line, one.column) for one in found] == [(2, 6)]


@given(st.text(alphabet="ab $\"'`(){}[];&|<>\\\n#=case in esac", max_size=60))
def test_any_text_is_read_to_its_end(script: str) -> None:
    for one in unquoted(script):
        assert 1 <= one.line <= script.count("\n") + 1


@given(st.lists(st.sampled_from(["$x", "${x}", "$(ls)", "a", "$1"]), min_size=1, max_size=5))
def test_quoting_every_word_makes_it_clean(words: list[str]) -> None:
    assert texts("cmd " + " ".join(f'"{w}"' for w in words)) == []
    assert texts("cmd " + " ".join(words)) == [w for w in words if w != "a"]


@pytest.mark.parametrize(
    ("script", "mild"),
    [
        ("echo $x", [True]),
        ("echo $x > $out", [True, False]),
        ("echo $(cat f)", [False]),
        ("cmake $CXXFLAGS ${EXTRA_ARGS} $DIR", [True, True, False]),
        ("pip install ${PIP_EXTRA} $args", [True, True]),
        ("cp $FLAGS_DIR x", [False]),
    ],
)
def test_what_is_harmless_or_meant_is_mild(script: str, mild: list[bool]) -> None:
    assert [one.mild for one in unquoted(script)] == mild
