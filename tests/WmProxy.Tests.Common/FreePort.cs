using System;
using System.Collections.Concurrent;
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

    public static int Next()
    {
        for (var attempt = 0; attempt < 1000; attempt++)
        {
            var port = Random.Shared.Next(10_000, 32_000);
            if (!Given.TryAdd(port, true))
            {
                continue;
            }

            using var any = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                any.Bind(new IPEndPoint(IPAddress.Any, port));
                return port;
            }
            catch (SocketException)
            {
                // Taken by somebody else.
            }
        }

        throw new InvalidOperationException("No free port between 10000 and 32000.");
    }
}
