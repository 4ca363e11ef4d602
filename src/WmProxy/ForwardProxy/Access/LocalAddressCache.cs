using System;
using System.Collections.Frozen;
using System.Net;
using System.Threading;

namespace WmProxy.ForwardProxy.Access;

/// <summary>
/// The addresses of this machine's interfaces, as they were some seconds ago at most. Listing them blocks, and takes its time where there are many: nobody
/// who asks waits for that. It is done before forward proxies take connections, and again and again from then on, on a thread that nobody waits for.
/// </summary>
internal sealed class LocalAddressCache : IDisposable
{
    // The machine does not tell when they change.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly TimeProvider _timeProvider;
    private readonly Func<FrozenSet<IPAddress>> _read;
    private FrozenSet<IPAddress>? _addresses;
    private ITimer? _timer;
    private bool _isDisposed;

    public LocalAddressCache(TimeProvider timeProvider)
        : this(timeProvider, LocalAddresses.Read)
    {
    }

    internal LocalAddressCache(TimeProvider timeProvider, Func<FrozenSet<IPAddress>> read)
    {
        _timeProvider = timeProvider;
        _read = read;
    }

    /// <summary>Reads the addresses, before it returns, and keeps them up to date from then on.</summary>
    public FrozenSet<IPAddress> Start()
    {
        var addresses = Read();
        lock (_lock)
        {
            if (!_isDisposed)
            {
                _timer ??= _timeProvider.CreateTimer(static cache => ((LocalAddressCache)cache!).Refresh(), this, Interval, Timeout.InfiniteTimeSpan);
            }
        }

        return addresses;
    }

    /// <summary>Whether an address is this machine's. Where nothing was started it does that first, and blocks: without a list, none would be.</summary>
    public bool Contains(IPAddress address) => (Volatile.Read(ref _addresses) ?? Start()).Contains(address);

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _timer?.Dispose();
        }
    }

    private void Refresh()
    {
        Read();
        lock (_lock)
        {
            // After that, so that no two run at a time.
            if (!_isDisposed)
            {
                _timer?.Change(Interval, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private FrozenSet<IPAddress> Read()
    {
        try
        {
            var addresses = _read();
            Volatile.Write(ref _addresses, addresses);
            return addresses;
        }
        catch (Exception)
        {
            // Whatever it is, as a want of descriptors: nobody could take it from a timer, and what was there before most likely still is.
            return Volatile.Read(ref _addresses) ?? FrozenSet<IPAddress>.Empty;
        }
    }
}
