using System;

namespace WmProxy.Tests.Relay.Linux;

/// <summary>A pipe of a <see cref="SimulatedKernel"/>.</summary>
internal sealed class SimulatedPipe
{
    public const int Capacity = 64 * 1024;

    private readonly byte[] _bytes = new byte[Capacity];
    private int _start;

    /// <summary>How many bytes are in it.</summary>
    public int Count { get; private set; }

    public ReadOnlySpan<byte> Content => _bytes.AsSpan(_start, Count);

    /// <summary>Room for <paramref name="count"/> bytes, which are in it from now on. It must be empty.</summary>
    public Span<byte> Fill(int count)
    {
        Assert.Equal(0, Count);
        (_start, Count) = (0, count);
        return _bytes.AsSpan(0, count);
    }

    public void Drop(int count)
    {
        _start += count;
        Count -= count;
    }
}
