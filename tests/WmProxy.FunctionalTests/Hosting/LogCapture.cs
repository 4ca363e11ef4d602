using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using Microsoft.Extensions.Logging;

namespace WmProxy.FunctionalTests.Hosting;

/// <summary>Keeps what an application logs.</summary>
internal sealed class LogCapture : ILoggerProvider
{
    private readonly ConcurrentQueue<LogLine> _lines = new();

    /// <summary>The lines of a category.</summary>
    public IReadOnlyList<LogLine> Of(string category) => [.. _lines.Where(line => line.Category == category)];

    public ILogger CreateLogger(string categoryName) => new CategoryLogger(this, categoryName);

    public void Dispose()
    {
    }

    internal sealed record LogLine(string Category, LogLevel Level, string Text, IReadOnlyDictionary<string, object?> Values);

    private sealed class CategoryLogger(LogCapture owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var values = state as IEnumerable<KeyValuePair<string, object?>> ?? [];
            owner._lines.Enqueue(new LogLine(category, logLevel, formatter(state, exception), values.ToDictionary(value => value.Key, value => value.Value)));
        }
    }
}
