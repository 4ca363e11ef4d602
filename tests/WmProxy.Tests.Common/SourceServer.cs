using System;
using System.Net;
using System.Net.Sockets;

namespace WmProxy.Tests.Common;

/// <summary>
/// Sends <c>length</c> bytes of <see cref="TestData"/> to each client and ends its direction; then waits for the client's end, since closing
/// with unread bytes would reset the connection and cut the transfer.
/// </summary>
public sealed class SourceServer : TestServerSocket
{
    public SourceServer(long length, ulong seed = 1, EndPoint? listenOn = null, Action<Socket>? configure = null)
        : base(
            async (connection, cancellationToken) =>
            {
                await connection.SendTestDataAsync(length, seed, cancellationToken);
                connection.HalfClose();
                await connection.DrainAsync(cancellationToken);
            },
            listenOn,
            configure)
    {
    }
}
