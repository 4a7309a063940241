#!/usr/bin/env python3
"""Prints the constants of `mirrored_of_all` in shaders/brdf.glsl.

What microfacets mirror of uniform light, by the cosine of the view angle and roughness, is summed by
importance sampling of GGX (Karis, "Real Shading in Unreal Engine 4", 2013, with the height-correlated
Smith term), for f0 = f90 = 1 and for the part of it that goes with f90 alone. Polynomials of both are
fitted by least squares; the second has a root at cosine 1. Needs numpy.
"""

import numpy

SAMPLES = 2048
DEGREE = 4
LEAST_ALPHA = 1e-3  # as in brdf.glsl


def sample_half_vectors(alpha):
    i = numpy.arange(SAMPLES)
    u = (i + 0.5) / SAMPLES
    turn = 2 * numpy.pi * numpy.array([int(f"{k:032b}"[::-1], 2) for k in i]) / 2**32
    cosine = numpy.sqrt((1 - u) / (1 + (alpha**2 - 1) * u))
    return numpy.sqrt(1 - cosine**2) * numpy.cos(turn), cosine


def integrate(nv, roughness):
    """All that is mirrored, and the part of it that Schlick's term weighs with f90."""
    alpha = max(roughness**2, LEAST_ALPHA)
    x, nh = sample_half_vectors(alpha)
    vh = numpy.maximum(numpy.sqrt(1 - nv**2) * x + nv * nh, 0)
    nl = 2 * vh * nh - nv
    up = nl > 0
    nl = numpy.where(up, nl, 1)
    smith = 0.5 / (nl * numpy.sqrt(nv**2 * (1 - alpha**2) + alpha**2)
                   + nv * numpy.sqrt(nl**2 * (1 - alpha**2) + alpha**2))
    share = numpy.where(up, 4 * smith * nl * vh / nh, 0)
    return share.mean(), (share * (1 - vh) ** 5).mean()


def fit(target, x, y, name):
    basis = [x**i * y**j for i in range(target[1], DEGREE + 1) for j in range(DEGREE + 1)]
    matrix = numpy.stack([term.ravel() for term in basis], 1)
    constants = numpy.linalg.lstsq(matrix, target[0].ravel(), rcond=None)[0]
    errors = matrix @ constants - target[0].ravel()
    print(f"{name}: off by {abs(errors).max():.3f} at most, "
          f"{numpy.sqrt((errors**2).mean()):.4f} root mean square")
    for row in constants.reshape(-1, DEGREE + 1):
        print("    " + ", ".join(f"{value:.4f}" for value in row))


def main():
    cosines, roughnesses = numpy.linspace(0.02, 1, 40), numpy.linspace(0, 1, 33)
    sums = numpy.array([[integrate(nv, r) for r in roughnesses] for nv in cosines])
    nv, roughness = numpy.meshgrid(cosines, roughnesses, indexing="ij")
    fit((sums[..., 0], 0), nv, roughness, "all, by powers of the cosine and then of roughness")
    fit((sums[..., 1], 1), 1 - nv, roughness, "with f90, by powers of 1 - cosine from 1 on")


if __name__ == "__main__":
    main()
