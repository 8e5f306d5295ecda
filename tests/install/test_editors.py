"""Finding editors: every way they are packaged, on every platform, started before or never."""

from __future__ import annotations

from pathlib import Path

from plugins.profiles import Editor, EditorKind, Flavour, find_editors


def found(home: Path, platform: str = "linux", **environ: str) -> list[Editor]:
    """The editors of a user whose system folders are all below ``home/system``."""
    return find_editors(home, environ, platform, root=home / "system")


def program(folder: Path, name: str, output: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{output}'\n")
    (folder / name).chmod(0o755)


def test_nothing_is_found_where_there_is_nothing(tmp_path: Path) -> None:
    for platform in ("linux", "win32", "darwin"):
        assert found(tmp_path, platform) == []


def test_every_gimp_3_profile_is_found_and_gimp_2_is_left_alone(tmp_path: Path) -> None:
    for version in ("2.10", "3.0", "3.2", "3.10", "3.0-old"):
        (tmp_path / ".config" / "GIMP" / version).mkdir(parents=True)
    assert [editor.version for editor in found(tmp_path)] == ["3.0", "3.2", "3.10"]


def test_the_plug_in_folder_of_gimp_has_the_name_of_its_script(tmp_path: Path) -> None:
    profile = tmp_path / ".config" / "GIMP" / "3.0"
    profile.mkdir(parents=True)
    (editor,) = found(tmp_path)
    assert editor.plugin_folder == profile / "plug-ins" / "insert-object"


def test_xdg_config_home_moves_gimps_profiles(tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "GIMP" / "3.0").mkdir(parents=True)
    (editor,) = found(tmp_path, XDG_CONFIG_HOME=str(tmp_path / "elsewhere"))
    assert editor.profile == tmp_path / "elsewhere" / "GIMP" / "3.0"


def test_gimp3_directory_is_honoured_besides_the_usual_profiles(tmp_path: Path) -> None:
    (tmp_path / ".config" / "GIMP" / "3.0").mkdir(parents=True)
    own = tmp_path / "own"
    profiles = [editor.profile for editor in found(tmp_path, GIMP3_DIRECTORY=str(own))]
    assert profiles == [own, tmp_path / ".config" / "GIMP" / "3.0"]
    relative = found(tmp_path, GIMP3_DIRECTORY="own")
    assert relative[0].profile == own


def test_gimp3_directory_that_is_the_usual_profile_is_found_once(tmp_path: Path) -> None:
    profile = tmp_path / ".config" / "GIMP" / "3.0"
    profile.mkdir(parents=True)
    assert len(found(tmp_path, GIMP3_DIRECTORY=str(profile))) == 1


def test_a_gimp_that_was_never_started_is_found_by_its_programs_name(tmp_path: Path) -> None:
    program(tmp_path / "bin", "gimp-3.2")
    (editor,) = found(tmp_path, PATH=str(tmp_path / "bin"))
    assert (editor.version, editor.profile) == ("3.2", tmp_path / ".config" / "GIMP" / "3.2")


def test_a_gimp_that_was_never_started_is_found_by_the_version_it_tells(tmp_path: Path) -> None:
    program(tmp_path / "bin", "gimp", "GNU Image Manipulation Program version 3.0.4")
    (editor,) = found(tmp_path, PATH=str(tmp_path / "bin"))
    assert editor.profile == tmp_path / ".config" / "GIMP" / "3.0"


def test_a_gimp_2_in_path_is_no_gimp_3(tmp_path: Path) -> None:
    program(tmp_path / "bin", "gimp", "GNU Image Manipulation Program version 2.10.34")
    assert found(tmp_path, PATH=str(tmp_path / "bin")) == []


def test_a_gimp_that_does_not_run_stops_nothing(tmp_path: Path) -> None:
    program(tmp_path / "bin", "gimp")
    (tmp_path / "bin" / "gimp").write_bytes(b"\x7fELF no program")
    program(tmp_path / "bin", "krita")
    assert [editor.kind for editor in found(tmp_path, PATH=str(tmp_path / "bin"))] == [EditorKind.KRITA]


def test_gimp_from_flatpak_uses_the_usual_folder(tmp_path: Path) -> None:
    files = tmp_path / "system/var/lib/flatpak/app/org.gimp.GIMP/current/active/files"
    (files / "share" / "gimp" / "3.0").mkdir(parents=True)
    (editor,) = found(tmp_path)
    assert (editor.flavour, editor.profile) == (Flavour.FLATPAK, tmp_path / ".config" / "GIMP" / "3.0")
    assert editor.name == "GIMP 3.0 (Flatpak)"


def test_a_private_profile_of_a_flatpak_gimp_is_found_too(tmp_path: Path) -> None:
    private = tmp_path / ".var" / "app" / "org.gimp.GIMP" / "config" / "GIMP" / "3.0"
    private.mkdir(parents=True)
    assert [editor.profile for editor in found(tmp_path)] == [private]


def test_gimp_on_windows(tmp_path: Path) -> None:
    roaming = tmp_path / "AppData" / "Roaming"
    (roaming / "GIMP" / "3.0").mkdir(parents=True)
    (editor,) = found(tmp_path, "win32", APPDATA=str(roaming))
    assert (editor.flavour, editor.profile) == (Flavour.WINDOWS, roaming / "GIMP" / "3.0")


def test_gimp_on_windows_that_was_never_started(tmp_path: Path) -> None:
    (tmp_path / "Programs" / "GIMP 3" / "share" / "gimp" / "3.0").mkdir(parents=True)
    (editor,) = found(tmp_path, "win32", ProgramFiles=str(tmp_path / "Programs"))
    assert editor.profile == tmp_path / "AppData" / "Roaming" / "GIMP" / "3.0"


def test_gimp_on_macos(tmp_path: Path) -> None:
    (tmp_path / "Library" / "Application Support" / "GIMP" / "3.0").mkdir(parents=True)
    resources = tmp_path / "system" / "Applications" / "GIMP.app" / "Contents" / "Resources"
    (resources / "share" / "gimp" / "3.2").mkdir(parents=True)
    editors = found(tmp_path, "darwin")
    assert [(editor.version, editor.flavour) for editor in editors] == [
        ("3.0", Flavour.MACOS),
        ("3.2", Flavour.MACOS),
    ]


def test_krita_on_linux_with_its_settings(tmp_path: Path) -> None:
    (tmp_path / ".local" / "share" / "krita").mkdir(parents=True)
    (editor,) = found(tmp_path)
    assert editor.kind is EditorKind.KRITA
    assert editor.plugin_folder == tmp_path / ".local" / "share" / "krita" / "pykrita" / "insert_object"
    assert editor.settings == tmp_path / ".config" / "kritarc"


def test_xdg_folders_move_kritas(tmp_path: Path) -> None:
    (tmp_path / "data" / "krita").mkdir(parents=True)
    variables = {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    (editor,) = found(tmp_path, **variables)
    assert (editor.profile, editor.settings) == (tmp_path / "data/krita", tmp_path / "config/kritarc")


def test_a_krita_that_was_never_started_is_found(tmp_path: Path) -> None:
    program(tmp_path / "bin", "krita")
    (editor,) = found(tmp_path, PATH=str(tmp_path / "bin"))
    assert editor.profile == tmp_path / ".local" / "share" / "krita"


def test_krita_from_flatpak_beside_the_native_one(tmp_path: Path) -> None:
    (tmp_path / ".local" / "share" / "krita").mkdir(parents=True)
    sandbox = tmp_path / ".var" / "app" / "org.kde.krita"
    (sandbox / "data" / "krita").mkdir(parents=True)
    native, flatpak = found(tmp_path)
    assert (native.flavour, flatpak.flavour) == (Flavour.NATIVE, Flavour.FLATPAK)
    assert (flatpak.profile, flatpak.settings) == (sandbox / "data/krita", sandbox / "config/kritarc")


def test_krita_on_windows_and_from_its_store(tmp_path: Path) -> None:
    roaming, local = tmp_path / "AppData" / "Roaming", tmp_path / "AppData" / "Local"
    store = local / "Packages" / "49800Krita_abc" / "LocalCache"
    for folder in (roaming / "krita", store / "Roaming" / "krita"):
        folder.mkdir(parents=True)
    editors = found(tmp_path, "win32", APPDATA=str(roaming), LOCALAPPDATA=str(local))
    assert [(editor.profile, editor.settings) for editor in editors] == [
        (roaming / "krita", local / "kritarc"),
        (store / "Roaming" / "krita", store / "Local" / "kritarc"),
    ]


def test_krita_on_macos(tmp_path: Path) -> None:
    (tmp_path / "system" / "Applications" / "krita.app" / "Contents" / "Resources").mkdir(parents=True)
    (editor,) = found(tmp_path, "darwin")
    assert editor.profile == tmp_path / "Library" / "Application Support" / "Krita"
    assert editor.settings == tmp_path / "Library" / "Preferences" / "kritarc"


def test_kritas_version_is_told_where_krita_noted_it(tmp_path: Path) -> None:
    profile = tmp_path / ".local" / "share" / "krita"
    profile.mkdir(parents=True)
    (profile / "KRITA_RESOURCE_VERSION").write_text("5.2.9\n")
    (editor,) = found(tmp_path)
    assert editor.name == "Krita 5.2.9"
