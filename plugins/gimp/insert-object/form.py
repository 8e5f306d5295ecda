"""The dialog's form: what to insert, how it looks, and the variations of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from cast_controls import CastControls
from class_list import ClassList
from earlier_list import EarlierList
from gallery import Gallery
from gi.repository import Gtk, Pango
from herd_work import VARIATIONS
from kept_seed import KeptSeed
from number_line import NumberLine
from reference_button import ReferenceButton
from reference_reader import ReferenceReader
from settings import SWITCHES, Settings, roll_seed
from subject import Ground
from wording import _, class_label

from wire.protocol import MAX_SEED, ClassInfo, PackInfo, Welcome, Wish

SHIPPED = ""  # the pack that has no name on the wire
_NAME_CHARS = 10
_BORDER = 12  # GIMP's own dialogs
_SPACING = 6


class InsertForm(Gtk.Grid):
    """Widgets for one set of choices. ``on_change`` is called when the user has made another one."""

    def __init__(
        self,
        on_change: Callable[[], None],
        on_variation: Callable[[int], None],
        reader: ReferenceReader,
        earlier: EarlierList,
        *,
        editing: bool,
    ) -> None:
        super().__init__(column_spacing=_SPACING, row_spacing=_SPACING)
        self.set_border_width(_BORDER)
        self._on_change = on_change
        self._silent = False  # while the program itself sets widgets
        self._base = Wish()  # holds what no widget shows
        self._shown_seed: int | None = None  # of the variation that the user sees
        self._rolled: int | None = None  # what the dice gave, until the user names another seed
        self._wanted: Settings | None = None  # what to choose as soon as it is known what there is
        self._packs: tuple[PackInfo, ...] = ()
        self._next_row = 0
        self._pack, self._pack_label = self._choice(_("_Model pack:"), self._pack_changed)
        self._pack.set_tooltip_text(_("Where the classes come from"))
        self._next_row += 1
        self._class = ClassList(self._class_changed, self._changed)
        self._label(_("C_lass:"), self._class.combo)
        self.attach(self._class, 1, self._next_row, 1, 1)
        self._style, self._style_label = self._choice(_("S_tyle:"), self._changed, column=2)
        self._style.set_tooltip_text(_("A look of the class that has a name, instead of one from the seed"))
        self._next_row += 1
        for widget in (self._pack, self._pack_label, self._style, self._style_label):
            widget.set_no_show_all(True)
        self._number = NumberLine(self._changed)
        self._number.set_no_show_all(editing)
        self._seed = self._add_seed()
        self._kept = {
            "shape_seed": KeptSeed(_("Shape"), _("Keep this shape: other seeds change the look alone")),
            "look_seed": KeptSeed(_("Look"), _("Keep this look: other seeds change the shape alone")),
        }
        self._keep_seed = Gtk.CheckButton(label=_("Seed"))
        self._keep_seed.set_tooltip_text(_("Begin the next object with the same seed"))
        self._add_keeps()
        self._checks = Gtk.Grid(column_spacing=_SPACING, row_spacing=_SPACING, column_homogeneous=True)
        self.attach(self._checks, 0, self._next_row, 4, 1)
        self._next_row += 1
        words = _("_Keep the layer's shape") if editing else _("Selection is the _object's shape")
        self._shape = self._check(words)
        self._shape.set_tooltip_text(_("Untick it, and the object finds a shape of its own in the box"))
        self._shape.set_sensitive(False)
        self._shape.connect("toggled", self._changed)
        self._switches = {field: self._switch(*words) for field, words in SWITCHES.items()}
        self._reference = reader.button = ReferenceButton(reader, on_change)
        self._beside_checks(_("Reference:"), self._reference)
        self._next_to(self._number.each)
        self._cast = CastControls(self._changed)
        self._cast.set_no_show_all(True)
        self.attach(self._cast, 0, self._next_row, 4, 1)
        self._next_row += 1
        self._switches["cast_shadow"].connect("toggled", self._cast_toggled)
        self._preview = Gtk.CheckButton.new_with_mnemonic(_("_Preview on the picture"))
        self._preview.set_tooltip_text(_("Show the object before it is inserted"))
        self._preview.set_active(True)
        self._preview.connect("toggled", self._preview_changed)
        self.gallery = Gallery(VARIATIONS, on_variation, earlier)
        self.gallery.line.pack_start(self._preview, False, False, 0)
        self.attach(self.gallery, 0, self._next_row, 4, 1)

    # --- What the user has chosen -------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """The choices as the widgets show them."""
        return Settings(
            replace(
                self._base,
                class_name=self._class.chosen,
                style=self._style.get_active_id() or "",
                seed=self._seed.get_value_as_int() if self._rolled is None else self._rolled,
                pack=self._pack.get_active_id() or SHIPPED,
                **{field: switch.get_active() for field, switch in self._switches.items()},
                shape_seed=self._kept["shape_seed"].seed,
                look_seed=self._kept["look_seed"].seed,
                **self._cast.choices,
            ),
            keep_seed=self._keep_seed.get_active(),
            is_rolled=self._rolled is not None,
            use_shape=self._shape.get_sensitive() and self._shape.get_active(),
            herd=self._number.herd,
            each_part=self._number.each_part,
            show_preview=self._preview.get_active(),
            thumbnail_size=self.gallery.side,
            favourites=self._class.favourites,
            model=self._reference.model,
        )

    def set_settings(self, settings: Settings) -> None:
        """Shows choices, without telling anyone; class, style and pack as soon as they are offered."""
        self._silent = True
        self._wanted = settings
        self._base = settings.wish
        self._seed.set_value(settings.wish.seed)
        self._rolled = settings.wish.seed if settings.is_rolled else None
        for field, switch in self._switches.items():
            switch.set_active(getattr(settings.wish, field))
        for field, kept in self._kept.items():
            kept.keep(getattr(settings.wish, field))
        self._cast.show_choices(settings.wish)
        self._keep_seed.set_active(settings.keep_seed)
        self._number.herd = settings.herd
        self._preview.set_active(settings.show_preview)
        self.gallery.side = settings.thumbnail_size
        self._class.favourites = settings.favourites
        self._reference.set_model(settings.model)
        self._silent = False

    @property
    def shows_before(self) -> bool:
        """Whether the picture is to be seen without the object."""
        return not self._preview.get_active() or self.gallery.shows_before

    def show_seed(self, seed: int | None) -> None:
        """Which seed the variation has that the user sees; None while there is none."""
        self._shown_seed = seed
        if not self._seed.has_focus():  # the user may be about to type another one
            self._write_seed()

    def offer(self, welcome: Welcome) -> None:
        """Shows the packs and classes that the daemon has; what was chosen stays where it is among them."""
        chosen = (self._wanted or self.settings).wish
        self._wanted = None
        shipped = PackInfo(SHIPPED, _("Standard"), welcome.classes)
        self._packs = (shipped, *welcome.packs)
        self._silent = True
        _fill(self._pack, [(pack.name, _(pack.label)) for pack in self._packs], chosen.pack)
        for widget in (self._pack, self._pack_label):
            widget.set_visible(len(self._packs) > 1)
        self._fill_classes(chosen)
        self._silent = False

    def unset_class(self) -> None:
        """Leaves the class for the user to choose, who is told why."""
        self._silent = True
        self._class.unset()
        self._silent = False

    def label_of(self, class_name: str) -> str:
        """What a class of the chosen pack is called in the user's language."""
        return next((class_label(info) for info in self._classes() if info.name == class_name), class_name)

    def offer_ground(self, ground: Ground | None) -> None:
        """Whether there is a shape to use, and whether there are parts that can get an object each; and
        whether to use them until the user says otherwise."""
        self._silent = True
        has_shape = ground is not None and ground.has_shape
        self._shape.set_sensitive(has_shape)
        self._shape.set_active(has_shape and ground is not None and ground.suggests_shape)
        self._number.offer_parts(None if ground is None else ground.selected)
        self._silent = False

    # --- Lists that depend on one another -----------------------------------------------------------

    def _classes(self) -> tuple[ClassInfo, ...]:
        """The classes of the chosen pack."""
        name = self._pack.get_active_id()
        return next((pack.classes for pack in self._packs if pack.name == name), ())

    def _fill_classes(self, chosen: Wish) -> None:
        classes = [(info.name, class_label(info)) for info in self._classes()]
        self._class.offer(self._pack.get_active_id() or SHIPPED, classes, chosen.class_name)
        self._fill_styles(chosen.style)

    def _fill_styles(self, chosen: str) -> None:
        """The styles of the chosen class; hidden where it has none."""
        name = self._class.chosen
        styles = next((info.styles for info in self._classes() if info.name == name), ())
        _fill(self._style, [("", _("From the seed")), *((style, _(style)) for style in styles)], chosen)
        for widget in (self._style, self._style_label):
            widget.set_visible(bool(styles))

    def _pack_changed(self, _combo: Gtk.ComboBox) -> None:
        self._follow(lambda chosen: self._fill_classes(chosen))

    def _class_changed(self, _combo: Gtk.ComboBox) -> None:
        self._follow(lambda chosen: self._fill_styles(chosen.style))

    def _follow(self, fill: Callable[[Wish], None]) -> None:
        """Fills the lists that depend on the one which the user has changed."""
        if self._silent:
            return
        self._silent = True
        fill(self.settings.wish)
        self._silent = False
        self._on_change()

    def _keep_shown(self, kept: KeptSeed) -> None:
        """The shape, or the look, of what the user sees stays while other seeds change the rest."""
        if self._silent:
            return
        if kept.is_kept:
            self._silent = True
            kept.keep(self._seed.get_value_as_int() if self._shown_seed is None else self._shown_seed)
            self._silent = False
        self._on_change()

    def _write_seed(self, *_event: object) -> bool:
        """Puts the seed of what is seen where it can be read, if nobody named it or is about to."""
        is_typed = self._seed.get_text() != str(self._seed.get_value_as_int())
        if self._shown_seed is not None and self._rolled is not None and not is_typed:
            self._silent = True
            self._seed.set_value(self._shown_seed)
            self._silent = False
        return False

    def _seed_named(self, _seed: Gtk.SpinButton) -> None:
        if not self._silent:
            self._rolled = None
            self._on_change()

    def _roll(self, _dice: Gtk.Button) -> None:
        self._rolled = roll_seed()
        self._silent = True
        self._seed.set_value(self._rolled)
        self._silent = False
        self._on_change()

    def _changed(self, _widget: Gtk.Widget) -> None:
        if not self._silent:
            self._on_change()

    def _cast_toggled(self, switch: Gtk.CheckButton) -> None:
        self._cast.show_where(shown=switch.get_active())

    def _preview_changed(self, check: Gtk.CheckButton) -> None:
        self.gallery.allow_before(allowed=check.get_active())

    # --- Building -----------------------------------------------------------------------------------

    def _choice(
        self, text: str, on_changed: Callable[[Gtk.ComboBox], None], *, column: int = 0
    ) -> tuple[Gtk.ComboBoxText, Gtk.Label]:
        combo = Gtk.ComboBoxText()
        combo.set_hexpand(True)
        cell = combo.get_cells()[0]  # a long name makes room for the others
        cell.set_property("ellipsize", Pango.EllipsizeMode.END)
        cell.set_property("width-chars", _NAME_CHARS)
        combo.connect("changed", on_changed)
        label = self._label(text, combo, column)
        self.attach(combo, column + 1, self._next_row, 1, 1)
        return combo, label

    def _add_seed(self) -> Gtk.SpinButton:
        seed = Gtk.SpinButton.new_with_range(0, MAX_SEED, 1)
        seed.set_activates_default(True)
        seed.set_width_chars(_NAME_CHARS)
        seed.set_tooltip_text(_("The same seed gives the same object"))
        seed.set_hexpand(True)
        seed.connect("value-changed", self._seed_named)
        seed.connect("focus-out-event", self._write_seed)
        self._label(_("_Seed:"), seed)
        dice = Gtk.Button.new_with_mnemonic(_("_New Seed"))
        dice.set_tooltip_text(_("Rolls the dice for another look"))
        dice.connect("clicked", self._roll)
        line = Gtk.Box(spacing=_SPACING)
        line.pack_start(seed, True, True, 0)
        line.pack_start(dice, False, False, 0)
        line.pack_start(self._number, False, False, 0)
        self.attach(line, 1, self._next_row, 3, 1)
        self._next_row += 1
        return seed

    def _add_keeps(self) -> None:
        line = Gtk.Box(spacing=_SPACING)
        for kept in self._kept.values():
            kept.listen(partial(self._keep_shown, kept), self._changed)
            line.pack_start(kept, False, False, 0)
        self._keep_seed.connect("toggled", self._changed)
        line.pack_start(self._keep_seed, False, False, 0)
        self._label(_("Keep:"), self._keep_seed)
        self.attach(line, 1, self._next_row, 3, 1)
        self._next_row += 1

    def _switch(self, words: str, tooltip: str) -> Gtk.CheckButton:
        switch = self._check(_(words))
        switch.set_tooltip_text(_(tooltip))
        switch.connect("toggled", self._changed)
        return switch

    def _check(self, text: str) -> Gtk.CheckButton:
        """The next of the check boxes, which stand two in a row."""
        check = Gtk.CheckButton.new_with_mnemonic(text)
        self._next_to(check)
        return check

    def _beside_checks(self, text: str, widget: Gtk.Widget) -> None:
        line = Gtk.Box(spacing=_SPACING)
        line.pack_start(Gtk.Label(label=text), False, False, 0)
        line.pack_start(widget, True, True, 0)
        self._next_to(line)

    def _next_to(self, widget: Gtk.Widget) -> None:
        """Puts a widget into the next place among the check boxes."""
        count = len(self._checks.get_children())
        self._checks.attach(widget, count % 2, count // 2, 1, 1)

    def _label(self, text: str, widget: Gtk.Widget, column: int = 0) -> Gtk.Label:
        label = Gtk.Label.new_with_mnemonic(text)
        label.set_xalign(0.0)
        label.set_mnemonic_widget(widget)
        self.attach(label, column, self._next_row, 1, 1)
        return label


def _fill(combo: Gtk.ComboBoxText, entries: list[tuple[str, str]], chosen: str) -> None:
    """Offers these (id, text) and chooses one by its id, or the first."""
    combo.remove_all()
    for name, text in entries:
        combo.append(name, text)
    if not combo.set_active_id(chosen) and entries:
        combo.set_active(0)
