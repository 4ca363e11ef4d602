using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace WmProxy.Tests.Connections.ClientHello;

/// <summary>ClientHellos, from a real client and built by hand (RFC 8446 section 4.1.2).</summary>
internal static class HelloBytes
{
    public static async Task<byte[]> CaptureAsync(string targetHost, SslProtocols version = SslProtocols.None, params string[] protocols)
    {
        using var wire = new FirstFlight();
        await using var tls = new SslStream(wire);
        var options = new SslClientAuthenticationOptions { TargetHost = targetHost, EnabledSslProtocols = version, ApplicationProtocols = [] };
        foreach (var protocol in protocols)
        {
            options.ApplicationProtocols.Add(new SslApplicationProtocol(protocol));
        }

        await Assert.ThrowsAnyAsync<Exception>(() => tls.AuthenticateAsClientAsync(options));
        return wire.Written.ToArray();
    }

    /// <summary>A record for each fragment of <paramref name="message"/>, cut at <paramref name="cuts"/>.</summary>
    public static byte[] Records(byte[] message, params int[] cuts)
    {
        var bytes = new List<byte>();
        var start = 0;
        foreach (var end in (int[])[.. cuts, message.Length])
        {
            bytes.AddRange([22, 3, 1, .. U16(end - start), .. message[start..end]]);
            start = end;
        }

        return [.. bytes];
    }

    /// <summary>A ClientHello message with the given extensions; none at all if <see langword="null"/>.</summary>
    public static byte[] Message(byte[]? extensions, byte[]? sessionId = null, byte[]? cipherSuites = null, byte[]? compression = null)
    {
        byte[] body =
        [
            3, 3, .. new byte[32],
            .. V8(sessionId ?? new byte[32]), .. V16(cipherSuites ?? [0x13, 0x01]), .. V8(compression ?? [0]),
            .. extensions is null ? [] : V16(extensions),
        ];
        return RawMessage(body);
    }

    public static byte[] RawMessage(byte[] body) => [1, (byte)(body.Length >> 16), .. U16(body.Length & 0xFFFF), .. body];

    public static byte[] Extension(int type, byte[] data) => [.. U16(type), .. V16(data)];

    public static byte[] ServerName(string name) => Extension(0, V16([0, .. V16(Encoding.Latin1.GetBytes(name))]));

    public static byte[] Alpn(params string[] protocols)
    {
        var list = new List<byte>();
        foreach (var protocol in protocols)
        {
            list.AddRange(V8(Encoding.Latin1.GetBytes(protocol)));
        }

        return Extension(16, V16([.. list]));
    }

    public static byte[] V8(byte[] data) => [(byte)data.Length, .. data];

    public static byte[] V16(byte[] data) => [.. U16(data.Length), .. data];

    private static byte[] U16(int value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)value);
        return bytes;
    }

    /// <summary>Keeps what a client sends first and then ends.</summary>
    private sealed class FirstFlight : Stream
    {
        public MemoryStream Written { get; } = new();

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => 0;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(0);

        public override void Write(byte[] buffer, int offset, int count) => Written.Write(buffer, offset, count);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
