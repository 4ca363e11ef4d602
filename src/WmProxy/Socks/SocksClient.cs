using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using WmProxy.Connections;
using WmProxy.Connectors;
using WmProxy.Diagnostics;
using WmProxy.ForwardProxy;

namespace WmProxy.Socks;

/// <summary>The client of one request, in whichever SOCKS it speaks. What it does wrong, or does not wait for, is recorded and never thrown.</summary>
internal sealed partial class SocksClient
{
    private readonly SocksVersion _version;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;

    public SocksClient(TransportConnectionContext connection, ForwardProxyModel proxy, SocksVersion version, TimeProvider timeProvider, ILogger logger)
    {
        (Connection, Proxy, _version, _timeProvider, _logger) = (connection, proxy, version, timeProvider, logger);
        Address = connection.State.ClientAddress;
    }

    public TransportConnectionContext Connection { get; }

    public ForwardProxyModel Proxy { get; }

    public TransportStream Stream => Connection.Stream;

    public ConnectionState State => Connection.State;

    /// <summary>The client's address; <see langword="null"/> on a Unix domain socket.</summary>
    public IPAddress? Address { get; }

    /// <summary>Where it wants to go, with whoever it is.</summary>
    public ForwardRequest Ask(Configuration.ForwardCommand command, ForwardTarget target) => new(command, target, State.User, Address);

    /// <summary>Ends the connection because its user may not have it any more.</summary>
    public void Revoke() => State.Abort(ConnectionEndReason.AccessRevoked);

    /// <summary>Receives more bytes; <see langword="false"/> when there will be none.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> TryFillAsync()
    {
        try
        {
            if (await Stream.FillBufferAsync(Socks5Protocol.BufferSize, CancellationToken.None) > 0)
            {
                return true;
            }
        }
        catch (Exception ex) when (IsGone(ex))
        {
            // Recorded like an end.
        }

        State.TryEnd(ConnectionEndReason.ClientGone);
        return false;
    }

    /// <summary>Sends bytes; <see langword="false"/> when the client is gone.</summary>
    public async ValueTask<bool> TrySendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await Stream.WriteAsync(bytes, CancellationToken.None);
            return true;
        }
        catch (Exception ex) when (IsGone(ex))
        {
            State.TryEnd(ConnectionEndReason.ClientGone);
            return false;
        }
    }

    /// <summary>Grants the request; <see langword="false"/> when the client is gone.</summary>
    /// <param name="bound">The address that is used for it.</param>
    public ValueTask<bool> TryGrantAsync(EndPoint? bound) => TrySendAsync(Write(Socks5Reply.Succeeded, bound as IPEndPoint));

    /// <summary>Refuses the request, in a way that the client gets to know.</summary>
    public ValueTask RefuseAsync(Socks5Reply reply, ConnectionEndReason reason, string? error) =>
        RefuseAsync(Write(reply, null), reason, error);

    /// <inheritdoc cref="RefuseAsync(Socks5Reply, ConnectionEndReason, string?)"/>
    public ValueTask RefuseAsync(ForwardRefusal refusal, ConnectionEndReason reason, string? error) =>
        RefuseAsync(SocksReplies.ToReply(refusal), reason, error);

    /// <inheritdoc cref="RefuseAsync(Socks5Reply, ConnectionEndReason, string?)"/>
    public ValueTask RefuseAsync(ForwardDialResult dialled) => RefuseAsync(dialled.Refusal, dialled.Failure, dialled.Error);

    /// <summary>Ends the connection with a last message.</summary>
    public ValueTask RefuseAsync(ReadOnlyMemory<byte> message, ConnectionEndReason reason, string? error)
    {
        State.Error = error;
        Log.SocksRefused(_logger, State.Id, State.Target, Convert.ToHexString(message.Span[..2]), reason, error);
        return FinalReply.SendAsync(Connection, message, reason, _timeProvider);
    }

    /// <summary>Whether an exception is what a connection throws whose peer left, or that was aborted.</summary>
    public static bool IsGone(Exception exception) =>
        exception is SocketException or IOException or ObjectDisposedException or OperationCanceledException;

    private byte[] Write(Socks5Reply reply, IPEndPoint? bound)
    {
        if (_version == SocksVersion.V4)
        {
            var response = new byte[Socks4Response.Length];
            Socks4Response.Write(response, SocksReplies.ToSocks4(reply), bound);
            return response;
        }

        Span<byte> buffer = stackalloc byte[Socks5Response.MaxLength];
        return buffer[..Socks5Response.Write(buffer, reply, bound)].ToArray();
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventIds.SocksRefused, LogLevel.Debug, "SOCKS connection {id}, to '{target}': refused with {reply}, {reason}. {error}", EventName = nameof(SocksRefused))]
        public static partial void SocksRefused(ILogger logger, long id, string? target, string reply, ConnectionEndReason reason, string? error);
    }
}
