using System.Net;
using System.Threading.Channels;
using System.Threading.Tasks;

namespace WmProxy.Tests.Common;

/// <summary>Receives to the end of each connection and reports length, hash and how it ended.</summary>
public sealed class SinkServer : TestServerSocket
{
    private readonly Channel<TransferResult> _results;

    public SinkServer(EndPoint? listenOn = null)
        : this(Channel.CreateUnbounded<TransferResult>(), listenOn)
    {
    }

    private SinkServer(Channel<TransferResult> results, EndPoint? listenOn)
        : base(async (connection, cancellationToken) => results.Writer.TryWrite(await connection.DrainAsync(cancellationToken)), listenOn) =>
        _results = results;

    /// <summary>Waits for the next connection that has ended.</summary>
    public Task<TransferResult> ResultAsync() => _results.Reader.ReadAsync().AsTask().Within(Deadline.Bulk);
}
