"""Compile and link a C or C++ program. Commands are argument lists, so any file name is fine."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile


class CompileError(Exception):
    """What is missing or which command failed."""


def preprocess(i):
    """Compile every source file and link the program."""
    env = i["env"]
    try:
        target = build(env)
    except (CompileError, OSError) as error:
        return {"return": 1, "error": str(error)}
    env["CM_RUN_DIR"], env["CM_BIN_NAME"] = os.path.split(target)
    env["CM_BIN_WITH_PATH"] = target
    return {"return": 0}


def build(env):
    """Path of the linked program; raises CompileError."""
    folder = os.path.abspath(str(env.get("CM_SOURCE_FOLDER_PATH") or os.getcwd()))
    files = [("C", name) for name in names(env, "CM_C_SOURCE_FILES")]
    files += [("CXX", name) for name in names(env, "CM_CXX_SOURCE_FILES")]
    if not files:
        raise CompileError("name the source files with --c_files=a.c;b.c or --cxx_files=a.cpp")
    name = str(env.get("CM_BIN_NAME") or ("run.exe" if os.name == "nt" else "run.out"))
    target = os.path.join(os.path.abspath(str(env.get("CM_RUN_DIR") or os.getcwd())), name)
    if str(env.get("CM_SKIP_RECOMPILE", "")).lower() == "yes" and os.path.isfile(target):
        return target
    os.makedirs(os.path.dirname(target), exist_ok=True)
    work = tempfile.mkdtemp(prefix="compile-")
    try:
        objects = [compile_one(env, folder, file, work, n) for n, file in enumerate(files)]
        link(env, objects, target, any(language == "CXX" for language, _ in files))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def names(env, key):
    """File names of a list parted by semicolons."""
    return [name.strip() for name in str(env.get(key) or "").split(";") if name.strip()]


def compile_one(env, folder, file, work, number):
    """Compile one file; the path of its object file."""
    language, name = file
    source = os.path.join(folder, name)
    if not os.path.isfile(source):
        raise CompileError(f"source file {source} does not exist")
    result = os.path.join(work, f"{number}.o")
    flags_key = "+ CFLAGS" if language == "C" else "+ CXXFLAGS"
    folders = words(env, "+C_INCLUDE_PATH" if language == "C" else "+CPLUS_INCLUDE_PATH") + words(env, "+CPATH")
    argv = [compiler(env, language), *flags(env, "+ CPPFLAGS"), *flags(env, flags_key)]
    argv += [f"-I{path}" for path in folders] + ["-c", source, "-o", result]
    execute(argv, folder)
    return result


def link(env, objects, target, is_cxx):
    """Link the objects and give the program its name at once."""
    language = "CXX" if is_cxx or env.get("CM_LINKER_LANG") == "CXX" else "C"
    partial = f"{target}.{os.getpid()}.part"
    argv = [compiler(env, language), *objects, "-o", partial]
    argv += [f"-L{path}" for path in words(env, "+LD_LIBRARY_PATH")]
    argv += flags(env, "+ LDFLAGS") + flags(env, "+ LDCXXFLAGS" if language == "CXX" else "+ LDCFLAGS")
    execute(argv, os.path.dirname(target))
    os.replace(partial, target)


def compiler(env, language):
    """Path of the compiler that the dependency found."""
    path = str(env.get(f"CM_{language}_COMPILER_WITH_PATH") or "")
    if not os.path.isfile(path):
        raise CompileError(f"the compiler for {language} was not found ({path or 'no path'})")
    return path


def words(env, key):
    """Values of a list of the environment."""
    value = env.get(key) or []
    return [str(one) for one in (value if isinstance(value, list) else [value])]


def flags(env, key):
    """Compiler flags of a list; one entry may hold several."""
    return [flag for entry in words(env, key) for flag in shlex.split(entry)]


def execute(argv, folder):
    """Run a command, show it, and fail with its status."""
    print("  " + " ".join(shlex.quote(word) for word in argv), file=sys.stderr, flush=True)
    status = subprocess.run(argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=2, check=False).returncode
    if status:
        raise CompileError(f"{argv[0]} ended with status {status} (the command is above)")
