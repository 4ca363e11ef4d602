using System;
using System.Collections.Generic;
using System.Net;
using System.Threading;

namespace WmProxy.ForwardProxy.Http;

/// <summary>The connections to destinations that a client connection has: the one that its request goes by, and one that is kept for it alone.</summary>
internal sealed class UpstreamHolder : IDisposable
{
    // Who aborts one has the lock: right after a request it may be somebody else's.
    private readonly Lock _lock = new();
    private UpstreamConnection? _current;
    private UpstreamConnection? _pinned;
    private bool _isPinning;
    private bool _isAborted;

    /// <summary>What the request goes by; <see langword="null"/> where there is none.</summary>
    public UpstreamConnection? Current => Volatile.Read(ref _current);

    /// <summary>The request goes by <paramref name="upstream"/>; <see langword="null"/> when it is over.</summary>
    public void Set(UpstreamConnection? upstream)
    {
        lock (_lock)
        {
            _current = upstream;
            if (_isAborted)
            {
                upstream?.Stream.Abort();
            }
        }
    }

    /// <summary>Aborts what the request goes by; <paramref name="forGood"/> for what any request will go by, too. From any thread.</summary>
    public void Abort(bool forGood)
    {
        lock (_lock)
        {
            _isAborted |= forGood;
            _current?.Stream.Abort();
        }
    }

    /// <summary>
    /// From now on connections to destinations are of this client connection alone: what it authenticates with belongs to a connection rather than to a
    /// request (RFC 4559 section 6, NTLM), and nobody else may come to use that.
    /// </summary>
    public void Pin() => _isPinning = true;

    /// <summary>The connection that is of this client alone, if it is one for <paramref name="key"/>.</summary>
    /// <param name="key">What it is needed for.</param>
    /// <param name="addresses">Where it may lead to; see <see cref="UpstreamConnection.IsUsableFor"/>.</param>
    public UpstreamConnection? TakePinned(in UpstreamKey key, IReadOnlyList<IPAddress> addresses)
    {
        if (_pinned is not { } pinned || pinned.Key != key)
        {
            return null;
        }

        _pinned = null;
        if (pinned.IsUsableFor(addresses))
        {
            pinned.IsReused = true;
            return pinned;
        }

        pinned.Dispose();
        return null;
    }

    /// <summary>Keeps a connection for this client alone, if that is how it has to be.</summary>
    public bool TryKeep(UpstreamConnection upstream)
    {
        if (!_isPinning)
        {
            return false;
        }

        _pinned?.Dispose();
        _pinned = upstream;
        return true;
    }

    public void Dispose() => _pinned?.Dispose();
}
