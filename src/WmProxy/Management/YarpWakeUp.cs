using System.Threading;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Management;

/// <summary>
/// Makes YARP look at its providers again. After a provider could not be loaded (its destinations' names could not be resolved) YARP 2.3.0
/// listens to it no more and asks it every five minutes only; this one, which has nothing, can always be loaded.
/// </summary>
internal sealed class YarpWakeUp : IProxyConfigProvider
{
    private YarpConfig _current = new([], []);

    public IProxyConfig GetConfig() => Volatile.Read(ref _current);

    public void Signal() => Interlocked.Exchange(ref _current, new YarpConfig([], [])).SignalChange();
}
