using System;
using System.Collections.Concurrent;
using System.Linq;
using System.Net;
using System.Net.Sockets;

namespace WmProxy.Tests.Common;

/// <summary>
/// A port for programs that cannot be told to take port 0. It lies below the range that the system gives to port 0 and to outgoing
/// connections, so nothing of the tests takes it in between, and it is given out once in this process.
/// </summary>
public static class FreePort
{
    private static readonly ConcurrentDictionary<int, bool> Given = new();

    public static int Next() => Next(1, SocketType.Stream, ProtocolType.Tcp);

    /// <summary>The first of <paramref name="count"/> UDP ports in a row.</summary>
    public static int NextUdp(int count = 1) => Next(count, SocketType.Dgram, ProtocolType.Udp);

    private static int Next(int count, SocketType type, ProtocolType protocol)
    {
        for (var attempt = 0; attempt < 1000; attempt++)
        {
            var first = Random.Shared.Next(10_000, 32_000);
            if (Enumerable.Range(first, count).All(port => Given.TryAdd(port, true) && IsFree(port, type, protocol)))
            {
                return first;
            }
        }

        throw new InvalidOperationException("No free port between 10000 and 32000.");
    }

    private static bool IsFree(int port, SocketType type, ProtocolType protocol)
    {
        using var any = new Socket(AddressFamily.InterNetwork, type, protocol);
        try
        {
            any.Bind(new IPEndPoint(IPAddress.Any, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
