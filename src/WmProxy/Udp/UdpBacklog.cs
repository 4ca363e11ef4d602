using System;
using System.Collections.Generic;
using System.Threading;

namespace WmProxy.Udp;

/// <summary>
/// A session's first datagrams, kept as long as it is not known where they are to go: its destination's name is being resolved, or has several addresses of
/// which none has answered yet.
/// </summary>
internal sealed class UdpBacklog
{
    /// <summary>What all sessions together may keep, in bytes.</summary>
    public const long Budget = 16 * 1024 * 1024;

    // More would be late anyway.
    private const int MaxDatagrams = 16;

    // What one costs besides its bytes, so that empty ones are not for nothing.
    private const int Overhead = 64;

    private static long _total;

    private readonly List<byte[]> _datagrams = [];
    private long _bytes;

    public IReadOnlyList<byte[]> Datagrams => _datagrams;

    /// <summary>Keeps a copy; <see langword="false"/> when there is no room for it.</summary>
    /// <param name="datagram">The datagram.</param>
    /// <param name="budget">What all sessions together may keep once this is kept.</param>
    public bool TryAdd(ReadOnlySpan<byte> datagram, long budget = Budget)
    {
        if (_datagrams.Count == MaxDatagrams)
        {
            return false;
        }

        var bytes = datagram.Length + Overhead;
        if (Interlocked.Add(ref _total, bytes) > budget)
        {
            Interlocked.Add(ref _total, -bytes);
            return false;
        }

        _bytes += bytes;
        _datagrams.Add(datagram.ToArray());
        return true;
    }

    public void Clear()
    {
        Interlocked.Add(ref _total, -_bytes);
        _bytes = 0;
        _datagrams.Clear();
    }
}
