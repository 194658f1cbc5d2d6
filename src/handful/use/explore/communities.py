"""Communities of a graph by modularity (Louvain): deterministic, small, no other package needed.

Source: Blondel, Guillaume, Lambiotte & Lefebvre, J. Stat. Mech. 2008; resolution, Reichardt &
Bornholdt 2006.
"""
# n nodes

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

_SWEEPS = 50
_GAIN = 1e-12


def communities(weights: NDArray[np.float64], resolution: float = 1.0) -> NDArray[np.intp]:
    """Part the nodes so that ties within communities are more than chance would give.

    Args:
        weights: `[n, n]` symmetric ties of 0 or more, nothing on the diagonal.
        resolution: 1 is plain modularity; larger numbers part finer.

    Returns:
        `[n]` community of each node, numbered by the first node in it; a node without ties is one
        of its own.
    """
    graph = sparse.csr_array(weights)
    nodes = len(weights)
    of = np.arange(nodes)
    while True:
        moved = _move(graph, nodes, resolution)
        of = moved[of]
        fewer = int(moved.max()) + 1
        if fewer == nodes:
            return _by_first(of)
        graph, nodes = _merged(graph, moved), fewer


def modularity(
    weights: NDArray[np.float64], of: NDArray[np.intp], resolution: float = 1.0
) -> float:
    """How much more of the ties lie within communities than chance would put there.

    Args:
        weights: As in `communities`.
        of: `[n]` community of each node.
        resolution: As in `communities`.

    Returns:
        At most 1; 0 for a graph without ties.
    """
    total = float(weights.sum())
    if total <= 0:
        return 0.0
    degree = np.bincount(of, weights=weights.sum(axis=1))
    inside = float(weights[of[:, None] == of[None, :]].sum())
    return inside / total - resolution * float((degree**2).sum()) / total**2


def _move(graph: sparse.csr_array, nodes: int, resolution: float) -> NDArray[np.intp]:
    """Move nodes to the neighbouring community that gains most, until none gains."""
    starts, ends = graph.indptr.tolist(), graph.indices.tolist()
    ties = graph.data.tolist()
    degree = np.asarray(graph.sum(axis=1)).ravel().tolist()
    total = sum(degree)
    of = list(range(nodes))
    if total <= 0:
        return np.array(of, dtype=np.intp)
    weight = list(degree)
    scale = resolution / total
    for _ in range(_SWEEPS):
        has_moved = False
        for node in range(nodes):
            own = of[node]
            near: dict[int, float] = {own: 0.0}
            for place in range(starts[node], starts[node + 1]):
                other = ends[place]
                if other != node:
                    near[of[other]] = near.get(of[other], 0.0) + ties[place]
            weight[own] -= degree[node]
            share = degree[node] * scale
            best, best_gain = own, near[own] - weight[own] * share
            for community, tie in near.items():
                gain = tie - weight[community] * share
                if gain > best_gain + _GAIN:
                    best, best_gain = community, gain
            weight[best] += degree[node]
            if best != own:
                of[node] = best
                has_moved = True
        if not has_moved:
            break
    return np.unique(np.array(of), return_inverse=True)[1].astype(np.intp)


def _merged(graph: sparse.csr_array, of: NDArray[np.intp]) -> sparse.csr_array:
    """The graph of communities; ties inside one become a tie to itself."""
    nodes = len(of)
    size = int(of.max()) + 1
    belongs = sparse.csr_array((np.ones(nodes), (np.arange(nodes), of)), shape=(nodes, size))
    return sparse.csr_array(belongs.T @ graph @ belongs)


def _by_first(of: NDArray[np.intp]) -> NDArray[np.intp]:
    """Number the communities in the order in which they first occur."""
    _, first, which = np.unique(of, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[which].astype(np.intp)
