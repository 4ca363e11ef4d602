using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using WmProxy.Tests.Common;

namespace WmProxy.FunctionalTests.ForwardProxy;

/// <summary>A message of HTTP/1.1, as it was on the wire.</summary>
internal sealed class HttpMessage
{
    private readonly List<(string Name, string Value)> _fields;

    private HttpMessage(string startLine, List<(string Name, string Value)> fields, string body) => (StartLine, _fields, Body) = (startLine, fields, body);

    public string StartLine { get; }

    public int Status => int.Parse(StartLine.Split(' ')[1], CultureInfo.InvariantCulture);

    public string Body { get; }

    public IReadOnlyList<string> Names => [.. _fields.Select(line => line.Name)];

    /// <summary>Every value of a field, joined; <see langword="null"/> where there is none.</summary>
    public string? this[string name] => _fields.Where(line => line.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(line => line.Value).ToArray() is { Length: > 0 } values
        ? string.Join(", ", values)
        : null;

    /// <summary>Receives one message; <paramref name="isBodyless"/> for the answer to HEAD, and to CONNECT.</summary>
    public static async Task<HttpMessage> ReadAsync(RawConnection connection, bool isBodyless = false)
    {
        var lines = (await connection.ReadUntilAsync("\r\n\r\n")).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var fields = lines.Skip(1).Select(line => line.Split(':', 2)).Select(parts => (parts[0], parts[1].Trim())).ToList();
        var head = new HttpMessage(lines[0], fields, "");
        if (isBodyless)
        {
            return head;
        }

        if (head["Transfer-Encoding"] == "chunked")
        {
            return new HttpMessage(lines[0], fields, await ReadChunksAsync(connection));
        }

        return head["Content-Length"] is { } length
            ? new HttpMessage(lines[0], fields, Encoding.UTF8.GetString(await connection.ReadExactlyAsync(int.Parse(length, CultureInfo.InvariantCulture))))
            : head;
    }

    private static async Task<string> ReadChunksAsync(RawConnection connection)
    {
        var body = new StringBuilder();
        while (true)
        {
            var length = int.Parse((await connection.ReadUntilAsync("\r\n")).Split(';')[0].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (length == 0)
            {
                while (await connection.ReadUntilAsync("\r\n") != "\r\n")
                {
                    // A trailer field.
                }

                return body.ToString();
            }

            body.Append(Encoding.UTF8.GetString(await connection.ReadExactlyAsync(length)));
            await connection.ReadUntilAsync("\r\n");
        }
    }
}
