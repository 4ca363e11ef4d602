using System;
using System.Buffers;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Connections;

namespace WmProxy.Connections;

/// <summary>
/// The bytes of a connection that somebody else accepted and that is only known by its pipe: a Kestrel endpoint, an in-memory connection.
/// Completing the output of Kestrel's pipe closes both directions (dotnet/aspnetcore issue 14937), so that there a half-close towards the
/// client becomes a close.
/// </summary>
internal sealed class DuplexPipeTransportStream : TransportStream
{
    private readonly ConnectionContext _connection;
    private volatile bool _isAborted;

    public DuplexPipeTransportStream(ConnectionContext connection) => _connection = connection;

    public override Socket? RawSocket => null;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ThrowIfAborted();
        var result = await _connection.Transport.Output.WriteAsync(buffer, cancellationToken);
        ThrowIfAborted();
        if (result.IsCompleted && !buffer.IsEmpty)
        {
            throw new ConnectionResetException("The connection was closed by its peer.");
        }
    }

    public override async ValueTask CompleteWritesAsync(CancellationToken cancellationToken) =>
        await _connection.Transport.Output.CompleteAsync();

    public override void Abort()
    {
        if (_isAborted)
        {
            return;
        }

        _isAborted = true;
        _connection.Abort();

        // Not every connection's pipe ends with it.
        _connection.Transport.Input.CancelPendingRead();
        _connection.Transport.Output.CancelPendingFlush();
    }

    protected override async ValueTask<int> ReadCoreAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ThrowIfAborted();
        var input = _connection.Transport.Input;
        var result = await input.ReadAsync(cancellationToken);
        if (result.IsCanceled)
        {
            input.AdvanceTo(result.Buffer.Start);
            throw new ConnectionAbortedException();
        }

        var available = result.Buffer;
        var count = (int)Math.Min(available.Length, buffer.Length);
        var consumed = available.Slice(0, count);
        consumed.CopyTo(buffer.Span);
        input.AdvanceTo(consumed.End);
        return count;
    }

    private void ThrowIfAborted()
    {
        if (_isAborted)
        {
            throw new ConnectionAbortedException();
        }
    }
}
