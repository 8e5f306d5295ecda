"""The stand-in's pictures: documents, layers and selections, and the undo history of a document.

It keeps what the plug-in relies on: ids, parents, packed B, G, R, A pixels with the default pixel outside,
a layer's own colour space, of which there are two, sRGB with 8 and with 16 bits,
and a history that grows when a layer is added, removed or replaced and with nothing else.
"""

import importlib
import os
import uuid

QtCore = importlib.import_module(f"PyQt{os.environ['INSERT_OBJECT_QT']}.QtCore")


SRGB = "sRGB-elle-V2-srgbtrc.icc"
BYTES = {"U8": 1, "U16": 2}  # of a channel


def in_depth(data, was, depth):
    """Samples of one depth in another."""
    if was == depth:
        return bytes(data)
    if depth == "U8":
        return bytes(data[1::2])  # the higher byte of each
    return bytes(value for sample in data for value in (sample, sample))


class Pixels:
    """A rectangle of pixels of any size per pixel; outside it reads as zeros."""

    def __init__(self, width, height, size):
        self.width, self.height, self.size = width, height, size
        self.data = bytearray(width * height * size)

    def read(self, x, y, width, height):
        out = bytearray(width * height * self.size)
        for row in range(height):
            for column in range(width):
                if 0 <= x + column < self.width and 0 <= y + row < self.height:
                    source = ((y + row) * self.width + x + column) * self.size
                    target = (row * width + column) * self.size
                    out[target : target + self.size] = self.data[source : source + self.size]
        return bytes(out)

    def write(self, data, x, y, width, height):
        data = bytes(data)
        if len(data) < width * height * self.size:
            return  # as Krita does
        for row in range(height):
            for column in range(width):
                if 0 <= x + column < self.width and 0 <= y + row < self.height:
                    target = ((y + row) * self.width + x + column) * self.size
                    source = (row * width + column) * self.size
                    self.data[target : target + self.size] = data[source : source + self.size]

    def bounds(self):
        used = [i // self.size for i, value in enumerate(self.data) if value]
        if not used:
            return QtCore.QRect(0, 0, 0, 0)
        columns, rows = [i % self.width for i in used], [i // self.width for i in used]
        return QtCore.QRect(
            min(columns), min(rows), max(columns) - min(columns) + 1, max(rows) - min(rows) + 1
        )


class Node(QtCore.QObject):
    def __init__(self, document, name, kind):
        super().__init__()
        self.document, self._name, self._type = document, name, kind
        self._id = QtCore.QUuid(f"{{{uuid.uuid4()}}}")
        self._parent, self._children = None, []
        self._locked, self._visible = False, True
        self._passes_through, self._opacity, self._mode = False, 255, "normal"
        self._depth = "U8"
        self.pixels = Pixels(document.width(), document.height(), 4)

    def uniqueId(self):
        return self._id

    def __eq__(self, other):
        return isinstance(other, Node) and other._id == self._id

    def __hash__(self):
        return hash(self._id.toString())

    def name(self):
        return self._name

    def setName(self, name):
        self._name = name

    def type(self):
        return self._type

    def locked(self):
        return self._locked

    def setLocked(self, locked):
        self._locked = locked

    def visible(self):
        return self._visible

    def setVisible(self, visible):
        self._visible = visible

    def parentNode(self):
        return self._parent

    def childNodes(self):
        return list(self._children)

    def addChildNode(self, node, above):
        place = len(self._children) if above is None else self._children.index(above) + 1
        self.document.do("Add Layer", lambda: self._take_in(node, place), node._take_out)

    def _take_in(self, node, place):
        self._children.insert(place, node)
        node._parent = self

    def _take_out(self):
        self._parent._children.remove(self)
        self._parent = None

    def setChildNodes(self, nodes):
        """No undo step in Krita, and it takes only the first child away."""
        for child in self._children[:1]:
            child._parent = None
        self._children = [*self._children[1:], *nodes]
        for child in nodes:
            child._parent = self

    def setPassThroughMode(self, passes_through):
        self._passes_through = passes_through

    def passThroughMode(self):
        return self._passes_through

    def remove(self):
        parent, place = self._parent, self._parent._children.index(self)
        self.document.do("Remove Layer", self._take_out, lambda: parent._take_in(self, place))

    def replace(self):
        """Convert to Paint Layer; the new one shows what this one shows, where it has pixels of its own."""
        parent, place = self._parent, self._parent._children.index(self)
        new = Node(self.document, self._name, "paintlayer")
        new.setColorSpace("RGBA", self._depth, SRGB)
        new.pixels.data[:] = self.pixels.data
        new._opacity = self._opacity

        def do():
            self._take_out()
            parent._take_in(new, place)
            self.document.setActiveNode(new)

        def undo():
            new._take_out()
            parent._take_in(self, place)
            self.document.setActiveNode(self)

        self.document.do("Convert to a Paint Layer", do, undo)

    def animated(self):
        return False

    def colorModel(self):
        return "RGBA"

    def colorDepth(self):
        return self._depth

    def colorProfile(self):
        return SRGB

    def setColorSpace(self, model, depth, profile):
        assert (model, profile) == ("RGBA", SRGB)
        was, self.pixels = self.pixels, Pixels(self.pixels.width, self.pixels.height, 4 * BYTES[depth])
        self.pixels.data[:] = in_depth(was.data, self._depth, depth)
        self._depth = depth
        return True

    def opacity(self):
        return self._opacity

    def setOpacity(self, opacity):
        self._opacity = opacity

    def setBlendingMode(self, mode):
        self._mode = mode

    def blendingMode(self):
        return self._mode

    def bounds(self):
        return self.pixels.bounds()

    def pixelData(self, *rect):
        return QtCore.QByteArray(self.pixels.read(*rect))

    projectionPixelData = pixelData

    def setPixelData(self, data, x, y, width, height):
        self.pixels.write(data, x, y, width, height)
        return True


class Selection(QtCore.QObject):
    def __init__(self, width=64, height=64):
        super().__init__()
        self.pixels = Pixels(width, height, 1)
        self.box = None

    def select(self, x, y, width, height, value):
        self.pixels.write(bytes([value]) * (width * height), x, y, width, height)
        self.box = (x, y, width, height)

    def _bounds(self):
        bounds = self.pixels.bounds()
        return self.box or (bounds.x(), bounds.y(), bounds.width(), bounds.height())

    def x(self):
        return self._bounds()[0]

    def y(self):
        return self._bounds()[1]

    def width(self):
        return self._bounds()[2]

    def height(self):
        return self._bounds()[3]

    def pixelData(self, *rect):
        return QtCore.QByteArray(self.pixels.read(*rect))


class Document(QtCore.QObject):
    def __init__(self, width, height):
        super().__init__()
        self._size = (width, height)
        self.done, self.undone = [], []
        self.refreshes, self.busy = 0, False
        self._selection, self._annotations = None, {}
        self._root = Node(self, "root", "grouplayer")
        self._background = Node(self, "Background", "paintlayer")
        self._background.pixels.data[:] = bytes((30, 20, 10, 255)) * (width * height)
        self._root.addChildNode(self._background, None)
        self.done.clear()
        self._active = self._background

    @property
    def undo_steps(self):
        return len(self.done)

    def do(self, name, do, undo):
        """Does something that Krita records."""
        do()
        self.done.append((name, do, undo))
        self.undone.clear()

    def undo(self):
        self.done[-1][2]()
        self.undone.append(self.done.pop())

    def redo(self):
        self.undone[-1][1]()
        self.done.append(self.undone.pop())

    def waitForDone(self):
        pass

    def setBatchmode(self, value):
        pass

    def modified(self):
        """Since it was opened; it is never saved."""
        return bool(self.done or self.undone)

    def setModified(self, value):
        pass

    def width(self):
        return self._size[0]

    def height(self):
        return self._size[1]

    def colorModel(self):
        return "RGBA"

    def colorDepth(self):
        return "U8"

    def colorProfile(self):
        return SRGB

    def rootNode(self):
        return self._root

    def activeNode(self):
        return self._active

    def setActiveNode(self, node):
        self._active = node

    def selection(self):
        return self._selection

    def setSelection(self, selection):
        self._selection = selection

    def tryBarrierLock(self):
        return not self.busy

    def unlock(self):
        pass

    def refreshProjection(self):
        self.refreshes += 1

    def createNode(self, name, kind):
        return Node(self, name, kind)

    def createGroupLayer(self, name):
        return Node(self, name, "grouplayer")

    def pixelData(self, *rect):
        """The topmost visible layer that has something there, pixel by pixel."""
        out = bytearray(Pixels(*self._size, 4).read(*rect))
        for layer in self._shown(self._root):
            if layer.type() == "paintlayer":
                data = in_depth(layer.pixels.read(*rect), layer.colorDepth(), "U8")
                for i in range(0, len(data), 4):
                    if data[i + 3]:
                        out[i : i + 4] = data[i : i + 4]
        return QtCore.QByteArray(bytes(out))

    def _shown(self, parent):
        for node in parent.childNodes():
            if node.visible():
                yield node
                yield from self._shown(node)

    def annotationTypes(self):
        return list(self._annotations)

    def annotation(self, name):
        return self._annotations[name]

    def setAnnotation(self, name, _description, data):
        self._annotations[name] = data

    def removeAnnotation(self, name):
        del self._annotations[name]
