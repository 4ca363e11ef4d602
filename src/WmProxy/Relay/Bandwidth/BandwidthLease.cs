using System;
using System.Threading;

namespace WmProxy.Relay.Bandwidth;

/// <summary>What limits one connection, until it is disposed.</summary>
internal sealed class BandwidthLease : IDisposable
{
    private readonly bool _isShared;
    private Action? _release;

    /// <summary>A lease of limiters of its own, which end with it.</summary>
    public BandwidthLease(BandwidthLimiter? upload, BandwidthLimiter? download)
    {
        Upload = upload;
        Download = download;
    }

    /// <summary>A lease of limiters that others use too; <paramref name="release"/> is called once when it ends.</summary>
    public BandwidthLease(BandwidthLease shared, Action? release)
        : this(shared.Upload, shared.Download)
    {
        _isShared = true;
        _release = release;
    }

    /// <summary>Limits the bytes from the client; <see langword="null"/> for no limit.</summary>
    public BandwidthLimiter? Upload { get; }

    /// <summary>Limits the bytes to the client; <see langword="null"/> for no limit.</summary>
    public BandwidthLimiter? Download { get; }

    public void Dispose()
    {
        if (_isShared)
        {
            Interlocked.Exchange(ref _release, null)?.Invoke();
            return;
        }

        Upload?.Dispose();
        Download?.Dispose();
    }
}
